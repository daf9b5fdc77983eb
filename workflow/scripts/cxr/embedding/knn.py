"""What t-SNE starts from: nearest neighbours, affinities and initial positions.

The neighbours are searched once for all perplexities and seeds of a study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from cxr.core.errors import InputError
from cxr.embedding.pca import principal_components
from cxr.features.index import (
    DENSE,
    EXACT,
    ExactIndex,
    Index,
    IndexSettings,
    IndexSummary,
    make_index,
)

if TYPE_CHECKING:
    import pandas as pd

RECALL = 0.98  # that a graph must have for the maps
QUERIES = 4096  # points that are searched at once
NEAREST = 10  # neighbours of an image that decide which images come after it


@dataclass(frozen=True)
class NeighbourSettings:
    """Whose neighbours are searched, and how many.

    Attributes
    ----------
    classes : tuple of str or None
        The classes that are mapped; None for all.
    largest_perplexity : float
        Neighbours suffice for perplexities up to this one.
    exact_up_to : int
        Up to so many images all distances are computed.
    """

    classes: tuple[str, ...] | None
    largest_perplexity: float
    exact_up_to: int


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
    table: pd.DataFrame, classes: Sequence[str] | None, float32_above: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The images of some classes and their features.

    Parameters
    ----------
    table : DataFrame
        `image_id`, `class`, and a column a unit: f000, f001, ...
    classes : sequence of str, optional
        None for all.
    float32_above : int, optional
        Features of more images stay float32, as the table has them.

    Returns
    -------
    image_ids : str array, shape (n,)
    features : float64 or float32 array, shape (n, d)

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
    from cxr.features.tables import feature_matrix

    many = float32_above is not None and len(rows) > float32_above
    features = feature_matrix(rows, np.float32 if many else np.float64)
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
        t-SNE uses 3 x perplexity neighbours; so many are searched, or all.
    threads : int

    Returns
    -------
    Neighbours
    """
    from sklearn.neighbors import NearestNeighbors

    k = _searched(len(features), largest_perplexity)
    distances, indices = NearestNeighbors(n_neighbors=k, n_jobs=threads).fit(features).kneighbors()
    return Neighbours(
        image_ids, indices.astype(np.int32), distances, principal_components(features)
    )


def search_neighbours(
    image_ids: np.ndarray, features: np.ndarray, settings: NeighbourSettings, threads: int
) -> tuple[Neighbours, IndexSummary]:
    """The neighbour search of a study: exact, or of many images by a graph.

    Parameters
    ----------
    image_ids : str array, shape (n,)
    features : float array, shape (n, d)
        As `select_features` has them.
    settings : NeighbourSettings
    threads : int

    Returns
    -------
    neighbours : Neighbours
        Above `settings.exact_up_to` images their distances are float32.
    summary : IndexSummary
        How they were searched, with the measured recall.
    """
    perplexity = settings.largest_perplexity
    if len(features) <= settings.exact_up_to:
        neighbours = find_neighbours(image_ids, features, perplexity, threads)
        return neighbours, IndexSummary(EXACT, None, 1.0, 0)
    points = np.ascontiguousarray(features, dtype=np.float32)
    k = _searched(len(points), perplexity)
    wanted = IndexSettings(k, settings.exact_up_to, RECALL, shape=DENSE)
    index, summary = make_index(points, wanted, threads)
    nearest = nearest_of_all(index, points, k, threads)
    return Neighbours(image_ids, *nearest, principal_components(points)), summary


def _searched(n: int, largest_perplexity: float) -> int:
    """How many neighbours of each of n images are searched."""
    return min(n - 1, int(np.ceil(3 * largest_perplexity)))


def nearest_of_all(
    index: Index, points: np.ndarray, k: int, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest neighbours of all points that an index holds, few points at a time.

    Parameters
    ----------
    index : Index
    points : float32 array, shape (n, d)
    k : int
        Less than n.
    threads : int

    Returns
    -------
    indices : int32 array, shape (n, k)
        Nearest first, the point itself not among them.
    distances : float32 array, shape (n, k)
        Euclidean, of the points and not of the index.
    """
    n = len(points)
    indices = np.empty((n, k), dtype=np.int32)
    distances = np.empty((n, k), dtype=np.float32)
    for start in range(0, n, QUERIES):
        rows = np.arange(start, min(start + QUERIES, n))
        found = index.find(points[rows], k + 1)
        short = (found < 0).any(axis=1)
        if short.any():
            found[short] = ExactIndex(points, threads).find(points[rows[short]], k + 1)
        apart = _distances(points, rows, found)
        itself = found == rows[:, None]
        # Among many equal points one may not find itself: the farthest is left out then.
        out = np.where(itself.any(axis=1), itself.argmax(axis=1), apart.argmax(axis=1))
        apart[np.arange(len(rows)), out] = -1
        order = np.lexsort((found, apart), axis=1)[:, 1:]
        indices[rows] = np.take_along_axis(found, order, axis=1)
        distances[rows] = np.take_along_axis(apart, order, axis=1)
    return indices, distances


def _distances(points: np.ndarray, rows: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Euclidean distances of some points from those found for each, float64 of their shape."""
    apart = np.empty(found.shape)
    queries = points[rows].astype(np.float64)
    for rank in range(found.shape[1]):
        differences = queries - points[found[:, rank]]
        apart[:, rank] = np.sqrt(np.einsum("nd,nd->n", differences, differences))
    return apart


def starting_points(
    neighbours: Neighbours, seed: int, initialization: Literal["pca", "random"]
) -> np.ndarray:
    """Where the points of a map start, shape (n, 2), standard deviation 1e-4.

    With the PCA the seed only adds a jitter of a hundredth of that: images with
    equal features would otherwise start, and stay, on one point.

    References
    ----------
    D. Kobak, P. Berens, "The art of using t-SNE for single-cell
    transcriptomics", Nat. Commun. 10, 2019.
    """
    rng = np.random.default_rng(seed)
    spread = neighbours.pca[:, 0].std()
    if initialization == "pca" and spread > 0:
        return neighbours.pca * (1e-4 / spread) + rng.normal(0, 1e-6, neighbours.pca.shape)
    return rng.normal(0, 1e-4, (neighbours.n, 2))


def affinity_reach(neighbours: Neighbours, perplexity: float) -> int:
    """How many neighbours the affinities use: 3 x perplexity, or all.

    Raises
    ------
    ValueError
        If there are fewer than the perplexity needs.
    """
    if not 1 <= perplexity <= neighbours.n - 1:
        raise ValueError(f"perplexity: {perplexity:g} is not from 1 to {neighbours.n - 1} (n - 1)")
    k = min(neighbours.n - 1, int(np.ceil(3 * perplexity)))
    if k > neighbours.indices.shape[1]:
        raise ValueError(
            f"perplexity: {perplexity:g} needs {k} neighbours, only "
            f"{neighbours.indices.shape[1]} were searched"
        )
    return k


def affinity_neighbours(neighbours: Neighbours, perplexity: float) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours that the affinities use: indices and distances; errors as `affinity_reach`."""
    k = affinity_reach(neighbours, perplexity)
    return (
        np.ascontiguousarray(neighbours.indices[:, :k]),
        np.ascontiguousarray(neighbours.distances[:, :k]),
    )


def order_by_neighbours(indices: np.ndarray) -> np.ndarray:
    """An order of the images in which neighbours come soon after each other, shape (n,).

    What goes over all neighbours of all images in this order finds most of them in the
    processor's cache (tests/benchmarks/README.md, "Features at scale").

    Parameters
    ----------
    indices : int array, shape (n, k)
        As of `Neighbours`; the nearest `NEAREST` count.

    References
    ----------
    E. Cuthill, J. McKee, "Reducing the bandwidth of sparse symmetric matrices", Proc. 24th
    Nat. Conf. ACM, 1969; in reverse, A. George, 1971.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import reverse_cuthill_mckee

    n, k = len(indices), min(NEAREST, indices.shape[1])
    links = csr_array(
        (np.ones(n * k, dtype=bool), indices[:, :k].ravel(), np.arange(0, n * k + 1, k)),
        shape=(n, n),
    )
    return reverse_cuthill_mckee((links + links.T).tocsr(), symmetric_mode=True)


def pairwise_affinities(neighbours: Neighbours, perplexity: float) -> np.ndarray:
    """The exact affinities of all pairs, shape (n, n)."""
    from cxr.embedding.tsne_exact import joint_affinities

    indices, distances = affinity_neighbours(neighbours, perplexity)
    return joint_affinities(indices, distances**2, float(perplexity))
