"""What the readers of sources returned, joined with what inspecting the images found."""

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cxr.images.quality import MEASURES
from cxr.metadata.schema import SCHEMA, Reading, combine, rejections

FILE_COLUMNS = ("width", "height", "format", "sha256")


def join_inspected(
    reading: Reading, inspected: pa.Table, sources: Sequence[str]
) -> tuple[Reading, pd.DataFrame]:
    """The usable rows of a reading with what was found of their files.

    Parameters
    ----------
    reading : Reading
        Of all sources, its rows by image_id, no image of which has been looked at.
    inspected : Table
        As of `cxr.images.inspection.inspect_images`, of every row in any order.
    sources : sequence of str
        In the order of the second result.

    Returns
    -------
    reading : Reading
        The usable rows with width, height, format and sha256, and a rejection of each other
        row beside those of `reading`.
    quality : DataFrame
        For each usable row `image_id`, the file's channels as `bands`, the measures of
        `cxr.images.quality` and `flags`; by source, then by image_id.
    """
    is_usable = pc.is_null(inspected["reason"])
    found = inspected.filter(is_usable).to_pandas().set_index("image_id")
    reasons = inspected.filter(pc.invert(is_usable)).to_pandas().set_index("image_id")["reason"]
    in_use = reading.rows["image_id"].isin(found.index)
    usable, others = reading.rows.loc[in_use], reading.rows.loc[~in_use]
    found = found.loc[usable["image_id"]].set_index(usable.index)
    texts = reasons.loc[others["image_id"]].tolist()
    rejected = rejections(others["source"], others["file"], "image", texts)
    quality = found[["bands", *MEASURES, "flags"]]
    quality.insert(0, "image_id", usable["image_id"])
    of_sources = [quality.loc[usable["source"] == source] for source in sources]
    usable = usable.assign(**found[list(FILE_COLUMNS)]).astype(SCHEMA)
    joined = combine([reading.without_rows(), Reading.of(usable, rejected)])
    return joined, pd.concat(of_sources)
