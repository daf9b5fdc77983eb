"""The ways in which the cohort is divided to measure networks."""

from typing import TYPE_CHECKING

from cxr.cohort.protocols import divide_protocols
from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.planning.parts import ProtocolSettings

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    settings = typed(ProtocolSettings, cfg["evaluation"])
    folds = divide_protocols(
        read_table(input.cohort), settings, cfg["splits"], cfg["sources"], cfg["seed"]
    )
    write_table(folds, output.folds)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
