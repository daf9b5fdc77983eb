"""The most similar images of each image on a map, packed for the page."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.explorer.packing import pack, pack_counts

# What the neighbours of all images may take, so that of many images fewer are shown.
BYTES = 300_000
MOST = 8


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
        `count`, so many for each image, up to eight; `images`, their numbers on the map,
        image by image, -1 where there are fewer; `distances`, float32, 0 there. None where
        the page has no room for them, or there are none.
    """
    n = len(image_ids)
    count = min(MOST, BYTES // (8 * max(n, 1)))
    place = pd.Series(np.arange(n), index=list(image_ids))
    known = neighbours["query_id"].isin(place.index) & neighbours["neighbour_id"].isin(place.index)
    told = neighbours[known].sort_values(["query_id", "rank"])
    turn = told.groupby("query_id").cumcount()
    told, turn = told[turn < count], turn[turn < count].to_numpy()
    if told.empty:
        return None
    images = np.full((n, count), -1, dtype=np.int64)
    distances = np.zeros((n, count), dtype=np.float32)
    rows = place.loc[told["query_id"]].to_numpy()
    images[rows, turn] = place.loc[told["neighbour_id"]].to_numpy()
    distances[rows, turn] = told["distance"]
    return {
        "count": count,
        "images": pack_counts(images.ravel()),
        "distances": pack(distances.ravel()),
    }
