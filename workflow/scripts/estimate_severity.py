"""Severity from similar images, and how patients drift along their days."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.similarity.comparison import image_records, read_feature_tables
from cxr.similarity.severity_analysis import ESTIMATED, analyse_severity

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    records = image_records(read_table(input.cohort), read_table(input.metadata))
    tables = read_feature_tables(input, cfg)
    keys = ("metric", "severity", "k", "seed")
    estimates, drift, found = analyse_severity(tables, records, **{key: cfg[key] for key in keys})
    write_table(estimates, output.estimates, schema=ESTIMATED)
    write_csv(drift, output.drift)
    write_json(found, output.severity)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
