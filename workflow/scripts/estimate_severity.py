"""Severity estimated from other patients' images, and patients followed over time."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv, write_json, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.similarity.comparison import image_records, read_feature_tables
from cxr.similarity.settings import ComparisonSettings
from cxr.similarity.severity import ESTIMATES
from cxr.similarity.severity_analysis import analyse_severity

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    settings = typed(ComparisonSettings, cfg)
    records = image_records(read_table(input.cohort), read_table(input.metadata))
    baselines = dict(zip(settings.baselines, input.get("baselines", []), strict=True))
    backbone = input.get("backbone")
    tables = read_feature_tables(input.features, backbone, baselines, settings.space)
    estimates, drift, summary = analyse_severity(tables, records, settings)
    write_table(estimates, output.estimates, schema=ESTIMATES)
    write_csv(drift, output.drift)
    write_json(summary, output.severity)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
