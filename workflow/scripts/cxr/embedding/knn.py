"""What t-SNE starts from: nearest neighbours, affinities and initial positions.

The neighbours are searched once for all perplexities and seeds of a study.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from cxr.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class NeighbourSettings:
    """Whose neighbours are searched, and how many.

    Attributes
    ----------
    classes : tuple of str or None
        The classes that are mapped; None for all.
    largest_perplexity : float
        Neighbours suffice for perplexities up to this one.
    """

    classes: tuple[str, ...] | None
    largest_perplexity: float


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
    from cxr.features.tables import feature_matrix

    features = feature_matrix(rows)
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
    components = PCA(n_components=count, svd_solver="full").fit_transform(features)
    return np.pad(components, ((0, 0), (0, 2 - count)))


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


def pairwise_affinities(neighbours: Neighbours, perplexity: float) -> np.ndarray:
    """The exact affinities of all pairs, shape (n, n)."""
    from cxr.embedding.tsne_exact import joint_affinities

    indices, distances = affinity_neighbours(neighbours, perplexity)
    return joint_affinities(indices, distances**2, float(perplexity))
