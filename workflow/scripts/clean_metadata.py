"""One row for each usable image of all sources, and a reason for each other entry."""

from typing import TYPE_CHECKING

from cxr.core.io import write_csv, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.sources.cleaning import CleaningSettings, clean_sources

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    cleaned, quality = clean_sources(input.sources, typed(CleaningSettings, cfg), threads)
    write_table(cleaned.rows, output.metadata)
    write_csv(cleaned.rejected, output.rejected)
    write_csv(cleaned.summary, output.cleaning)
    write_csv(cleaned.spellings, output.spellings)
    write_csv(quality, output.quality)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
