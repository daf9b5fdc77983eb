"""A space in which images are near or far: their features, made ready for a metric."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from cxr.features.tables import feature_matrix

log = logging.getLogger("cxr")

Metric = Literal["cosine", "centred", "euclidean"]
NO_DIRECTION = {
    "cosine": "all features are 0: no direction",
    "centred": "all features are those of the mean: no direction",
}


@dataclass(frozen=True)
class Space:
    """Images and their places.

    Attributes
    ----------
    image_ids : str array, shape (n,)
    owners : int array, shape (n,)
        The patient of each image.
    points : float32 array, shape (n, d)
        Of unit length where the metric compares angles.
    metric : Metric
    tie_order : int array, shape (n,)
        A random order of the images, by which ties of distance are broken.
    """

    image_ids: np.ndarray
    owners: np.ndarray
    points: np.ndarray
    metric: Metric
    tie_order: np.ndarray

    @property
    def is_flat(self) -> bool:
        """Whether all images lie on one point, so that none is nearer than another."""
        return len(self.points) > 1 and np.allclose(self.points, self.points[0], rtol=1e-6, atol=0)

    def part(self, image_ids: np.ndarray) -> "Space":
        """The space of those of its images that are listed, in their order here."""
        kept = np.isin(self.image_ids, image_ids)
        return Space(
            self.image_ids[kept],
            self.owners[kept],
            self.points[kept],
            self.metric,
            self.tie_order[kept].argsort().argsort(),
        )


def make_space(
    table: pd.DataFrame, patients: pd.Series, metric: Metric, seed: int
) -> tuple[Space, pd.DataFrame]:
    """The space of a table of features, and the images that have no place in it.

    Parameters
    ----------
    table : DataFrame
        `image_id` and a column a unit: f000, f001, ...
    patients : Series
        Patient by image_id.
    metric : Metric
    seed : int
        Of the order by which ties of distance are broken.

    Returns
    -------
    space : Space
    rejected : DataFrame
        image_id, reason: a feature that is not finite, or no direction: all features 0,
        or by the metric centred those of the mean.
    """
    features = feature_matrix(table)
    ids = table["image_id"].to_numpy(dtype=np.str_)
    reasons = np.full(len(ids), "", dtype=object)
    finite = np.isfinite(features).all(axis=1)
    reasons[~finite] = "a feature is NaN or infinite"
    features = features - metric_centre(features[finite], metric)
    if metric != "euclidean":
        reasons[finite & ~features.any(axis=1)] = NO_DIRECTION[metric]
    kept = reasons == ""
    ids, features = ids[kept], features[kept]
    owners = pd.factorize(patients.loc[ids])[0]
    rejected = pd.DataFrame({"image_id": table["image_id"][~kept], "reason": reasons[~kept]})
    tie_order = np.random.default_rng(seed).permutation(len(ids))
    return (
        Space(ids, owners, to_points(features, metric), metric, tie_order),
        rejected.astype("str").sort_values("image_id", ignore_index=True),
    )


def metric_centre(features: np.ndarray, metric: Metric) -> np.ndarray:
    """Where angles are seen from: 0, or for the metric centred the mean of all images.

    Rectified features all lie on one side of 0, so that angles there are small.
    """
    if metric == "centred" and len(features):
        return features.mean(axis=0)
    return np.zeros(features.shape[1])


def to_points(features: np.ndarray, metric: Metric) -> np.ndarray:
    """Features as float32 points: of unit length where the metric compares angles.

    Parameters
    ----------
    features : float64 array, shape (n, d)
        Less their centre and finite; for metrics of angles not all 0.
    """
    if metric != "euclidean":
        # Scaled first, since squares of very large or small features would leave float64.
        features = features / np.abs(features).max(axis=1, keepdims=True)
        features = features / np.linalg.norm(features, axis=1, keepdims=True)
    return features.astype(np.float32)


def distances(points: np.ndarray, others: np.ndarray, metric: Metric) -> np.ndarray:
    """Distances of points from some others each, free of the rounding of matrix products.

    Parameters
    ----------
    points : float32 array, shape (n, d)
    others : float32 array, shape (n, m, d)

    Returns
    -------
    float32 array, shape (n, m)
        For metrics of angles 1 less the cosine.
    """
    differences = points[:, None, :].astype(np.float64) - others
    squares = np.einsum("nmd,nmd->nm", differences, differences)
    return (np.sqrt(squares) if metric == "euclidean" else squares / 2).astype(np.float32)


def row_blocks(n: int, width: int, max_size: int = 2**24) -> Iterator[slice]:
    """Slices of `n` rows of `width` numbers each, of at most `max_size` numbers."""
    step = max(1, max_size // max(1, width))
    for start in range(0, n, step):
        yield slice(start, min(n, start + step))


def space_summary(space: Space, k: int) -> dict[str, Any]:
    """Numbers of images, patients and features, and whether they allow a search.

    `insufficient` says in words why there are no k neighbours, or why they mean nothing.
    """
    n = len(space.image_ids)
    insufficient = None
    if n < 2:
        insufficient = f"{n} image{'' if n == 1 else 's'}, so that nothing can be similar"
    elif space.is_flat:
        insufficient = "the features of all images are the same, so that neighbours are chance"
    elif k > n - 1:
        insufficient = f"{n - 1} other images are fewer than the {k} neighbours that are wanted"
    if insufficient is not None:
        log.warning("similar images: %s", insufficient)
    return {
        "images": n,
        "patients": len(np.unique(space.owners)),
        "features": space.points.shape[1],
        "metric": space.metric,
        "k": k,
        "insufficient": insufficient,
    }
