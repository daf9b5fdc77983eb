"""One row for each usable image of all sources, and a reason for each other entry."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cxr.core.io import write_csv, write_table
from cxr.core.job import job
from cxr.images.inspection import inspect_images
from cxr.metadata.schema import combine, require_rows
from cxr.sources.readers import read

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def main(input, output, cfg, threads):
    readings, quality = [], []
    for root, (source, settings) in zip(input.sources, cfg["sources"].items(), strict=True):
        reading = read(source, Path(root), **settings)
        measured, seen = inspect_images(reading, Path(root), cfg["min_side"], threads)
        readings.append(measured)
        quality.append(seen)
    cleaned = require_rows(combine(readings))
    write_table(cleaned.rows, output.metadata)
    write_csv(cleaned.rejected, output.rejected)
    write_csv(cleaned.summary, output.cleaning)
    write_csv(cleaned.spellings, output.spellings)
    write_csv(pd.concat(quality), output.quality)


if __name__ == "__main__":
    with job(snakemake.log[0], snakemake.threads, snakemake.params.code):
        main(snakemake.input, snakemake.output, snakemake.params.cfg, snakemake.threads)
