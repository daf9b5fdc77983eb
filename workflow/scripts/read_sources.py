"""What the readers of all sources make of them, before any image is looked at."""

from typing import TYPE_CHECKING

from cxr.core.job import job
from cxr.core.settings import typed
from cxr.metadata.stored import write_reading
from cxr.sources.reading import ReadingSettings, read_sources

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    reading = read_sources(input.sources, typed(ReadingSettings, cfg))
    write_reading(reading, output.rows, output.rest)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
