"""One row for each usable image of all sources, and a reason for each other entry."""

from typing import TYPE_CHECKING

import pyarrow as pa

from cxr.core.io import read_arrow, write_csv, write_table
from cxr.core.job import job
from cxr.metadata.stored import read_reading
from cxr.sources.cleaning import clean_sources

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg):
    reading = read_reading(input.rows, input.rest)
    inspected = pa.concat_tables([read_arrow(table) for table in input.inspected])
    cleaned, quality = clean_sources(reading, inspected, cfg["sources"])
    write_table(cleaned.rows, output.metadata)
    write_csv(cleaned.rejected, output.rejected)
    write_csv(cleaned.summary, output.cleaning)
    write_csv(cleaned.spellings, output.spellings)
    write_csv(quality, output.quality)


if __name__ == "__main__":
    with job(snakemake):
        main(snakemake.input, snakemake.output, snakemake.params.cfg)
