"""The images that are most similar to a new one."""

from pathlib import Path

import numpy as np
import pandas as pd

from cxr.core.errors import InputError
from cxr.core.io import read_csv
from cxr.images.canonical import Square, canonical
from cxr.images.decode import UnusableImage, read_grey
from cxr.similarity.index import Index
from cxr.similarity.neighbours import table_of
from cxr.similarity.space import Metric, distances, features_of, metric_centre, to_points

# What is told of each neighbour.
NEIGHBOUR_FIELDS = ("class", "country", "view", "severity_extent", "doi")


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
            f"config key 'query': {path} can't be used: {reason}; name an image as PNG, JPEG, "
            f"TIFF or DICOM"
        ) from reason


def nearest_images(
    name: str,
    features: np.ndarray,
    index: Index,
    placed: pd.DataFrame,
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
    placed : DataFrame, n rows
        `image_id` and features of the images, in the order of the index.
    records : DataFrame
        Indexed by image_id: `NEIGHBOUR_FIELDS`.
    metric : Metric
    k : int

    Returns
    -------
    DataFrame
        query_id, rank, neighbour_id, distance and `NEIGHBOUR_FIELDS`, nearest first.

    Raises
    ------
    InputError
        If its features have no direction, or the index holds other images.
    """
    if len(index) != len(placed):
        raise InputError(
            f"the index holds {len(index)} images and the features {len(placed)}; run "
            f"find_similar again"
        )
    if not len(placed):
        raise InputError("the study has no image that a new one could be similar to")
    features = features.astype(np.float64) - metric_centre(features_of(placed), metric)
    if not np.isfinite(features).all() or (metric != "euclidean" and not features.any()):
        raise InputError(
            f"config key 'query': the network sees nothing in {name}: all of its features are 0 or "
            f"not finite; is it an image like the study's?"
        )
    point = to_points(features, metric)
    found = index.find(point, k)
    apart = distances(point, index.points(np.maximum(found, 0)), metric)
    apart[found < 0] = np.inf
    order = np.argsort(apart, axis=1, kind="stable")
    found, apart = (np.take_along_axis(a, order, axis=1) for a in (found, apart))
    ids = placed["image_id"].to_numpy(dtype=np.str_)
    table = table_of([name], ids, found, apart).to_pandas()
    told = records.loc[table["neighbour_id"], list(NEIGHBOUR_FIELDS)].reset_index(drop=True)
    return pd.concat([table, told], axis=1)


def indexed_features(features: pd.DataFrame, rejected: str | Path) -> pd.DataFrame:
    """The features of the images that an index holds, in its order: of those that have a place.

    Parameters
    ----------
    features : DataFrame
        `image_id`, and the features.
    rejected : path
        The images that have none, as `find_similar` lists them.
    """
    return features[~features["image_id"].isin(read_csv(rejected)["image_id"])]
