"""Two-dimensional maps of features: PCA and a sweep of t-SNE.

The neighbours are searched once for all perplexities and seeds. openTSNE
computes affinities and optimises; this module only makes sure that a row never
claims a perplexity that was not used.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cxr.errors import InputError
from cxr.job import Progress

log = logging.getLogger("cxr")

COLUMNS = ("image_id", "method", "perplexity", "seed", "x", "y")
EARLY_ITERATIONS = 250
ITERATIONS = 500


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of every image, itself excluded.

    Attributes
    ----------
    image_ids : str array, shape (n,)
    indices : int array, shape (n, k)
        Nearest first.
    distances : float array, shape (n, k)
        Euclidean.
    pca : float array, shape (n, 2)
        The first two principal components of the same features.
    """

    image_ids: np.ndarray
    indices: np.ndarray
    distances: np.ndarray
    pca: np.ndarray

    @property
    def n(self) -> int:
        """Number of images."""
        return len(self.indices)


def select_features(
    table: pd.DataFrame, classes: Sequence[str] | None
) -> tuple[np.ndarray, np.ndarray]:
    """The images of some classes and their features.

    Parameters
    ----------
    table : DataFrame
        `image_id`, `class`, and a column a unit: f000, f001, ...
    classes : sequence of str, optional
        None for all.

    Returns
    -------
    image_ids : str array, shape (n,)
    features : float64 array, shape (n, d)

    Raises
    ------
    InputError
        With fewer than three images, or a value that is not finite.
    """
    rows = table if classes is None else table.loc[table["class"].isin(list(classes))]
    if len(rows) < 3:
        raise InputError(
            f"config key 'embedding.classes': {len(rows)} images are too few to map, 3 are needed; "
            f"name more classes or widen the cohort"
        )
    features = rows.filter(regex=r"^f\d+$").to_numpy(np.float64)
    bad = ~np.isfinite(features).all(axis=1)
    if bad.any():
        raise InputError(
            f"features: {int(bad.sum())} of {len(rows)} rows hold NaN or infinity, the first is "
            f"{rows['image_id'].iloc[int(bad.argmax())]}; train the model again or leave them out"
        )
    return rows["image_id"].to_numpy(dtype=np.str_), features


def find_neighbours(
    image_ids: np.ndarray, features: np.ndarray, largest_perplexity: float, threads: int
) -> Neighbours:
    """One exact neighbour search for every perplexity of a study.

    Parameters
    ----------
    image_ids : str array, shape (n,)
    features : float array, shape (n, d)
    largest_perplexity : float
        t-SNE looks at 3 x perplexity neighbours; so many are found, or all.
    threads : int

    Returns
    -------
    Neighbours
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(len(features) - 1, int(np.ceil(3 * largest_perplexity)))
    distances, indices = NearestNeighbors(n_neighbors=k, n_jobs=threads).fit(features).kneighbors()
    return Neighbours(
        image_ids, indices.astype(np.int32), distances, principal_components(features)
    )


def principal_components(features: np.ndarray) -> np.ndarray:
    """The first two principal components; scikit-learn fixes their signs.

    Parameters
    ----------
    features : float array, shape (n, d)

    Returns
    -------
    float array, shape (n, 2)
        A missing second component is zero.
    """
    from sklearn.decomposition import PCA

    count = min(2, *features.shape)
    found = PCA(n_components=count, svd_solver="full").fit_transform(features)
    return np.pad(found, ((0, 0), (0, 2 - count)))


def embed(
    neighbours: Neighbours,
    perplexity: float,
    seed: int,
    initialization: Literal["pca", "random"],
    threads: int,
) -> np.ndarray:
    """One t-SNE map.

    Parameters
    ----------
    neighbours : Neighbours
        At least min(n - 1, 3 x perplexity) of them.
    perplexity : float
        At most n - 1.
    seed : int
        Of the start, when it is random, and of its jitter, when it is the PCA.
    threads : int

    Returns
    -------
    float array, shape (n, 2)

    References
    ----------
    P. Poličar, M. Stražar, B. Zupan, "openTSNE: A Modular Python Library for
    t-SNE Dimensionality Reduction and Embedding", J. Stat. Softw. 109, 2024.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.initialization import jitter, random, rescale
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = min(neighbours.n - 1, int(np.ceil(3 * perplexity)))
    if perplexity > k or k > neighbours.indices.shape[1]:
        raise ValueError(f"perplexity {perplexity:g} needs {k} neighbours and n > perplexity")
    index = PrecomputedNeighbors(
        np.ascontiguousarray(neighbours.indices[:, :k]),
        np.ascontiguousarray(neighbours.distances[:, :k]),
    )
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=threads)
    if initialization == "pca" and np.ptp(neighbours.pca[:, 0]) > 0:
        # Without the jitter, images with equal features would start, and stay, on one point.
        start = jitter(rescale(neighbours.pca), random_state=seed)
    else:
        start = random(neighbours.n, random_state=seed)
    embedding = TSNEEmbedding(start, affinities, n_jobs=threads, random_state=seed)
    embedding = embedding.optimize(EARLY_ITERATIONS, exaggeration=12, momentum=0.5)
    return np.asarray(embedding.optimize(ITERATIONS, momentum=0.8), dtype=np.float64)


def embed_all(
    neighbours: Neighbours,
    runs: Sequence[tuple[float, int]],
    initialization: Literal["pca", "random"],
    threads: int,
) -> pd.DataFrame:
    """The t-SNE maps of several (perplexity, seed) runs.

    A perplexity above n - 1 can't be reached: its rows are absent, and the log
    says so.

    Returns
    -------
    DataFrame
        `image_id, method, perplexity, seed, x, y`, n rows a run.
    """
    tables = []
    progress = Progress(len(runs), "t-SNE runs")
    for perplexity, seed in runs:
        if perplexity > neighbours.n - 1:
            log.info(
                "perplexity %g is left out: with %d images the largest is %d",
                perplexity,
                neighbours.n,
                neighbours.n - 1,
            )
        else:
            xy = embed(neighbours, perplexity, seed, initialization, threads)
            tables.append(map_table(neighbours.image_ids, "tsne", perplexity, seed, xy))
        progress.step()
    empty = map_table(neighbours.image_ids[:0], "tsne", np.nan, 0, np.empty((0, 2)))
    return pd.concat(tables or [empty], ignore_index=True)


def map_table(
    image_ids: np.ndarray, method: str, perplexity: float, seed: int, xy: np.ndarray
) -> pd.DataFrame:
    """One map as rows of the embeddings table.

    Parameters
    ----------
    method : "tsne" or "pca"
    perplexity : float
        NaN for a method without one.
    xy : float array, shape (n, 2)
    """
    return pd.DataFrame(
        {
            "image_id": pd.array(list(image_ids), dtype="str"),
            "method": pd.array([method] * len(xy), dtype="str"),
            "perplexity": np.full(len(xy), perplexity, dtype=np.float64),
            "seed": np.full(len(xy), seed, dtype=np.int64),
            "x": xy[:, 0].astype(np.float64),
            "y": xy[:, 1].astype(np.float64),
        }
    )
