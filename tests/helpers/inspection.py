"""Images that were inspected, without a workflow around."""

from pathlib import Path

import numpy as np

from cxr.images.canonical import SourceImages
from cxr.images.earlier import EarlierImages
from cxr.images.gathering import CohortImages
from cxr.images.inspection import InspectionSettings, chunk_of, inspect_images
from cxr.images.usable import join_inspected
from cxr.metadata.schema import combine


def inspected(rows, roots, threads=1, earlier=None, **settings):
    """The table and the pixels of rows' images, in one chunk unless the settings say another."""
    settings = {"number": 0, "chunks": 1, "min_side": 16, "image_size": 32, "square": "crop"} | (
        settings
    )
    settings = InspectionSettings(**settings)
    of_chunk = chunk_of(rows, settings.number, settings.chunks)
    pixels = np.full((len(of_chunk), settings.image_size, settings.image_size), 7, np.uint8)
    return inspect_images(
        of_chunk, roots, pixels, settings, earlier or EarlierImages.none(), threads
    ), pixels


def inspected_reading(reading, root, min_side, threads):
    """The usable rows of one source, and their measures."""
    reading = combine([reading])
    sources = reading.rows["source"].unique().tolist()
    roots = {source: Path(root) for source in sources}
    table, _ = inspected(reading.rows, roots, threads, min_side=min_side)
    return join_inspected(reading, table, sources)


def cohort_images(rows, roots, chunks=3, hidden=None, **settings):
    """The images of rows as a cohort is assembled from, in several chunks."""
    parts = [inspected(rows, roots, chunks=chunks, number=i, **settings) for i in range(chunks)]
    tables, pixels = zip(*parts, strict=True)
    return CohortImages.of(tables, pixels, SourceImages(roots, hidden or {}))
