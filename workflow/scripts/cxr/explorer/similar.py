"""The most similar images of each image on a map, packed for the page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.explorer.packing import pack, pack_counts

# The size of all neighbours; with many images each has fewer.
MAX_BYTES = 300_000
MAX_NEIGHBOURS = 8


def pack_similar(image_ids: Sequence[str], neighbours: pd.DataFrame) -> dict[str, Any] | None:
    """The nearest neighbours of each image that are on the map too.

    Parameters
    ----------
    image_ids : sequence of str, length n
        The images of the map.
    neighbours : DataFrame
        `query_id, rank, neighbour_id, distance`.

    Returns
    -------
    dict or None
        `count`, neighbours of an image, up to eight; `images`, their rows on the map, image
        by image, -1 where there are fewer; `distances`, float32, 0 there. None where the
        page has no room for them, or there are none.
    """
    n = len(image_ids)
    count = min(MAX_NEIGHBOURS, MAX_BYTES // (8 * max(n, 1)))
    row_of = pd.Series(np.arange(n), index=list(image_ids))
    mapped = neighbours["query_id"].isin(row_of.index)
    mapped &= neighbours["neighbour_id"].isin(row_of.index)
    nearest = neighbours[mapped].sort_values(["query_id", "rank"])
    rank = nearest.groupby("query_id").cumcount()
    nearest, rank = nearest[rank < count], rank[rank < count].to_numpy()
    if nearest.empty:
        return None
    images = np.full((n, count), -1, dtype=np.int64)
    distances = np.zeros((n, count), dtype=np.float32)
    rows = row_of.loc[nearest["query_id"]].to_numpy()
    images[rows, rank] = row_of.loc[nearest["neighbour_id"]].to_numpy()
    distances[rows, rank] = nearest["distance"]
    return {
        "count": count,
        "images": pack_counts(images.ravel()),
        "distances": pack(distances.ravel()),
    }
