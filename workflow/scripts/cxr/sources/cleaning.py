"""The cleaned metadata of all sources: read, then joined with what was found of the images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from cxr.images.usable import join_inspected
from cxr.metadata.fields import type_fields
from cxr.metadata.schema import Reading, combine, require_rows
from cxr.sources.readers import Layout, read


@dataclass(frozen=True)
class ReadingSettings:
    """What is read.

    Attributes
    ----------
    sources : mapping
        The layout of each source, by its name.
    """

    sources: Mapping[str, Layout]


def read_sources(roots: Sequence[str | Path], settings: ReadingSettings) -> Reading:
    """Reads every source, and looks at no image.

    Parameters
    ----------
    roots : sequence of path
        The folder of each source, in the order of the settings.
    settings : ReadingSettings

    Returns
    -------
    Reading
        All sources combined.

    Raises
    ------
    InputError
        If a source is not in its layout.
    """
    return combine(
        [
            read(source, Path(root), layout)
            for root, (source, layout) in zip(roots, settings.sources.items(), strict=True)
        ]
    )


def clean_sources(
    reading: Reading, inspected: pa.Table, sources: Sequence[str]
) -> tuple[Reading, pd.DataFrame]:
    """One row for each usable image of all sources.

    Parameters
    ----------
    reading : Reading
        As of `read_sources`.
    inspected : Table
        As of `cxr.images.inspection.inspect_images`, of every row.
    sources : sequence of str
        In the order of the table of measures.

    Returns
    -------
    reading : Reading
        With its own fields typed.
    quality : DataFrame
        A row a usable image, see `join_inspected`.

    Raises
    ------
    InputError
        If no image of any source is usable.
    """
    joined, quality = join_inspected(reading, inspected, sources)
    return type_fields(require_rows(joined)), quality
