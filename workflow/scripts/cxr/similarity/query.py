"""The images that are most similar to a new one."""

from pathlib import Path

import numpy as np
import pandas as pd

from cxr.errors import InputError
from cxr.images import Square, UnusableImage, canonical, read_grey
from cxr.io import read_csv
from cxr.similarity.search import Index, table_of
from cxr.similarity.space import Metric, distances, prepare

# What is told of each neighbour.
TOLD = ("class", "country", "view", "severity_extent", "doi")


def read_query(path: str | Path, size: int, square: Square) -> np.ndarray:
    """A new image, made canonical as those of the cohort were.

    Returns
    -------
    uint8 array, shape (1, size, size)

    Raises
    ------
    InputError
        If the file can't be used.
    """
    try:
        return canonical(read_grey(Path(path)), size, square)[None]
    except UnusableImage as reason:
        raise InputError(
            f"config key 'query': {path} can't be used: {reason}; name a radiograph as PNG, JPEG, "
            f"TIFF or DICOM"
        ) from reason


def nearest(
    name: str,
    features: np.ndarray,
    index: Index,
    image_ids: np.ndarray,
    records: pd.DataFrame,
    metric: Metric,
    k: int,
) -> pd.DataFrame:
    """The nearest images of one that is new.

    Parameters
    ----------
    name : str
        What it is called.
    features : float array, shape (1, d)
    index : Index
        Of n images.
    image_ids : str array, shape (n,)
    records : DataFrame
        Indexed by image_id: `TOLD`.
    metric : Metric
    k : int

    Returns
    -------
    DataFrame
        query_id, rank, neighbour_id, distance and `TOLD`, nearest first.

    Raises
    ------
    InputError
        If its features have no direction, or the index holds other images.
    """
    if len(index) != len(image_ids):
        raise InputError(
            f"the index holds {len(index)} images and the features {len(image_ids)}; run "
            f"find_similar again"
        )
    if not np.isfinite(features).all() or (metric == "cosine" and not features.any()):
        raise InputError(
            f"config key 'query': the network sees nothing in {name}: all of its features are 0 or "
            f"not finite; is it a radiograph?"
        )
    point = prepare(features.astype(np.float64), metric)
    found = index.find(point, k)
    apart = distances(point, index.points(np.maximum(found, 0)), metric)
    order = np.argsort(apart, axis=1, kind="stable")
    found, apart = (np.take_along_axis(a, order, axis=1) for a in (found, apart))
    table = table_of([name], image_ids, found, apart, found >= 0)
    told = records.loc[table["neighbour_id"], list(TOLD)].reset_index(drop=True)
    return pd.concat([table, told], axis=1)


def placed_ids(features: pd.DataFrame, rejected: str | Path) -> np.ndarray:
    """The images that an index holds, in its order: those of the features that have a place.

    Parameters
    ----------
    features : DataFrame
        `image_id`.
    rejected : path
        The images that have none, as `find_similar` lists them.
    """
    ids = features["image_id"].to_numpy(dtype=np.str_)
    return ids[~np.isin(ids, read_csv(rejected)["image_id"].to_numpy(dtype=np.str_))]
