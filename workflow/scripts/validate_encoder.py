"""The metrics of a probe on an encoder's features in each external source."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_csv
from cxr.core.job import job
from cxr.representations.external import external_probe

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    cohorts = read_table(input.cohort), read_table(input.known_cohort)
    features = read_table(input.features), read_table(input.known_features)
    write_csv(external_probe(*features, cohorts, cfg["classes"], cfg["seed"]), output.metrics)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
