"""A space in which images are near or far: their features, made ready for a metric."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

log = logging.getLogger("cxr")

Metric = Literal["cosine", "centred", "euclidean"]
NOWHERE = {
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
    chance : int array, shape (n,)
        A random order of the images, in which equally distant ones come.
    """

    image_ids: np.ndarray
    owners: np.ndarray
    points: np.ndarray
    metric: Metric
    chance: np.ndarray

    @property
    def is_flat(self) -> bool:
        """Whether all images lie on one point, so that none is nearer than another."""
        return len(self.points) > 1 and np.allclose(self.points, self.points[0], rtol=1e-6, atol=0)

    def part(self, image_ids: np.ndarray) -> "Space":
        """The space of some of the images, those that it has, in its own order."""
        kept = np.isin(self.image_ids, image_ids)
        return Space(
            self.image_ids[kept],
            self.owners[kept],
            self.points[kept],
            self.metric,
            self.chance[kept].argsort().argsort(),
        )


def features_of(table: pd.DataFrame) -> np.ndarray:
    """The columns f000, f001, ... of a table, float64 of shape (n, d)."""
    return table.filter(regex=r"^f\d+$").to_numpy(np.float64)


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
        Of the order in which equally distant images come.

    Returns
    -------
    space : Space
    rejected : DataFrame
        image_id, reason: a feature that is not finite, or no direction: all features 0,
        or by the metric centred those of the mean.
    """
    features = features_of(table)
    ids = table["image_id"].to_numpy(dtype=np.str_)
    reasons = np.full(len(ids), "", dtype=object)
    finite = np.isfinite(features).all(axis=1)
    reasons[~finite] = "a feature is NaN or infinite"
    features = features - metric_centre(features[finite], metric)
    if metric != "euclidean":
        reasons[finite & ~features.any(axis=1)] = NOWHERE[metric]
    kept = reasons == ""
    ids, features = ids[kept], features[kept]
    owners = pd.factorize(patients.loc[ids])[0]
    rejected = pd.DataFrame({"image_id": table["image_id"][~kept], "reason": reasons[~kept]})
    chance = np.random.default_rng(seed).permutation(len(ids))
    return (
        Space(ids, owners, to_points(features, metric), metric, chance),
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
    """Features as points, float32: where angles count of unit length, so that distances tell them.

    Parameters
    ----------
    features : float64 array, shape (n, d)
        Less their centre, finite, and where angles count not all 0.
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
        Where angles count 1 less their cosine.
    """
    apart = points[:, None, :].astype(np.float64) - others
    square = np.einsum("nmd,nmd->nm", apart, apart)
    return (np.sqrt(square) if metric == "euclidean" else square / 2).astype(np.float32)


def blocks(n: int, width: int, most: int = 2**24) -> Iterator[slice]:
    """Slices of `n` rows of `width` numbers each, so many that a block has at most `most`."""
    step = max(1, most // max(1, width))
    for start in range(0, n, step):
        yield slice(start, min(n, start + step))


def space_summary(space: Space, k: int) -> dict[str, Any]:
    """How many images, patients and features there are, and what can't be had of them.

    `insufficient` says in words why the wanted neighbours can't be had, or can't mean anything.
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
