"""The divisions of the cohort in which networks are evaluated."""

from typing import TYPE_CHECKING

from cxr.cohort.protocols import DivisionSettings, divide_protocols
from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    folds = divide_protocols(read_table(input.cohort), typed(DivisionSettings, cfg))
    write_table(folds, output.folds)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
