"""Figures of the similar images: retrieval metrics, severity, and patients over time."""

from typing import TYPE_CHECKING

from cxr.core.io import read_csv, read_json, read_table
from cxr.core.job import job
from cxr.figures.similarity import drift, retrieval, save_patients, severity
from cxr.figures.style import save

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    save(retrieval(read_csv(input.retrieval), cfg["k"]), output.retrieval)
    save(severity(read_json(input.severity), read_table(input.estimates)), output.severity)
    table, records = read_csv(input.drift), read_table(input.metadata).set_index("image_id")
    save(drift(table, records), output.drift)
    save_patients(table, records, output.patients)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
