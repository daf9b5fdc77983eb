"""The cleaned metadata of all sources: as they were read, with what was found of the images."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa

from cxr.images.usable import join_inspected
from cxr.metadata.fields import type_fields
from cxr.metadata.schema import Reading, require_rows


def clean_sources(
    reading: Reading, inspected: pa.Table, sources: Sequence[str]
) -> tuple[Reading, pd.DataFrame]:
    """One row for each usable image of all sources.

    Parameters
    ----------
    reading : Reading
        As of `cxr.sources.reading.read_sources`.
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
