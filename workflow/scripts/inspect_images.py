"""The images of one chunk, decoded once: which are usable, their measures and their pixels."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.core.io import new_array, read_table, write_table
from cxr.core.job import job
from cxr.core.settings import typed
from cxr.images.earlier import MADE_BY, EarlierImages, keep, made_by
from cxr.images.inspection import InspectionSettings, chunk_of, inspect_images

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

log = logging.getLogger("cxr")


def main(input, output, cfg, code, threads):
    settings = typed(InspectionSettings, cfg)
    roots = {Path(root).name: Path(root) for root in input.sources}
    columns = ["image_id", "source", "file"]
    rows = chunk_of(read_table(input.rows, columns), settings.number, settings.chunks)
    shape = (len(rows), settings.image_size, settings.image_size)
    maker = made_by(code, {name: cfg[name] for name in cfg if name not in ("number", "chunks")})
    earlier = EarlierImages.read(output.table, output.pixels, maker)
    with new_array(output.pixels, shape, np.uint8) as pixels:
        inspected = inspect_images(rows, roots, pixels, settings, earlier, threads)
    write_table(inspected, output.table, {MADE_BY: maker})
    keep([output.table, output.pixels])
    unusable = len(inspected) - inspected["reason"].null_count
    log.info("%d of %d images can't be used", unusable, len(inspected))


if __name__ == "__main__":
    with job(snakemake):
        main(
            snakemake.input,
            snakemake.output,
            snakemake.params.cfg,
            snakemake.params.code,
            snakemake.threads,
        )
