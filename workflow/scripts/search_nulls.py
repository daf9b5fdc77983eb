"""The search for clusters in null simulations."""

from typing import TYPE_CHECKING

from cxr.core.io import read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.evidence.covariates import recorded_fields
from cxr.evidence.null_search import SIMULATIONS, NullSettings, search_simulations
from cxr.evidence.sample import Sample

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    settings, cohort = typed(NullSettings, cfg), read_table(input.cohort)
    whole = Sample.of(read_table(input.features), cohort, settings.sample)
    metadata = input.get("metadata")
    fields = recorded_fields(read_table(metadata), cohort) if metadata else None
    simulations = search_simulations(whole, settings, fields, threads)
    write_table(simulations, output.simulations, schema=SIMULATIONS)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
