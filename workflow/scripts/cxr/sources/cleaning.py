"""The cleaned metadata of all sources: read, images inspected, combined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cxr.images.inspection import inspect_images
from cxr.metadata.fields import type_fields
from cxr.metadata.schema import Reading, combine, require_rows
from cxr.sources.readers import Layout, read


@dataclass(frozen=True)
class CleaningSettings:
    """What is cleaned.

    Attributes
    ----------
    sources : mapping
        The layout of each source, by its name.
    min_side : int
        Smallest usable side of an image, pixels.
    """

    sources: Mapping[str, Layout]
    min_side: int


def clean_sources(
    roots: Sequence[str | Path], settings: CleaningSettings, threads: int
) -> tuple[Reading, pd.DataFrame]:
    """Reads every source and inspects its images.

    Parameters
    ----------
    roots : sequence of path
        The folder of each source, in the order of the settings.
    settings : CleaningSettings
    threads : int
        Images decoded at a time.

    Returns
    -------
    reading : Reading
        All sources combined.
    quality : DataFrame
        A row a usable image, see `inspect_images`.

    Raises
    ------
    InputError
        If a source is not in its layout, or no image of any is usable.
    """
    readings, quality = [], []
    for root, (source, layout) in zip(roots, settings.sources.items(), strict=True):
        reading = read(source, Path(root), layout)
        inspected, measures = inspect_images(reading, Path(root), settings.min_side, threads)
        readings.append(inspected)
        quality.append(measures)
    return type_fields(require_rows(combine(readings))), pd.concat(quality)
