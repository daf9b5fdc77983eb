"""Figures of the similar images: how well they serve, severity, and patients along their days."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.io import read_csv, read_json, read_table
from cxr.core.job import job
from cxr.figures.similarity import drift, patient, retrieval, severity
from cxr.figures.style import save
from cxr.similarity.trajectory import outcomes_of, patient_files

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    save(retrieval(read_csv(input.retrieval), cfg["k"]), output.retrieval)
    found, followed = read_json(input.severity), read_csv(input.drift)
    save(severity(found, read_table(input.estimates)), output.severity)
    records = read_table(input.metadata).set_index("image_id")
    save(drift(followed, records), output.drift)
    folder = Path(output.patients)
    folder.mkdir(parents=True, exist_ok=True)
    for name, own in patient_files(followed):
        save(patient(own, outcomes_of(own, records)), folder / f"{name}.svg")


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
