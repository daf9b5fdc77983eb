"""The search for clusters in null simulations."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.evidence.null_search import SIMULATIONS, NullSettings, search_simulations
from cxr.evidence.sample import Sample

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    settings = typed(NullSettings, cfg)
    sample = Sample.of(read_table(input.features), read_table(input.cohort), settings.sample)
    write_table(search_simulations(sample, settings), output.simulations, schema=SIMULATIONS)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
