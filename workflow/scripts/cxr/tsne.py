"""Two-dimensional maps of features: PCA and a sweep of t-SNE.

The neighbours are searched once for all perplexities and seeds. Small maps are
computed exactly, by `cxr.tsne_exact` or, many at once, by `cxr.tsne_batch`;
large ones by openTSNE. A row never claims a perplexity that was not used.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from cxr.arrow import to_column
from cxr.errors import InputError
from cxr.job import Progress

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger("cxr")

Gradient = Literal["auto", "exact", "barnes-hut", "fft"]
EMBEDDINGS = pa.schema(
    {
        "image_id": pa.string(),
        "method": pa.string(),
        "perplexity": pa.float64(),
        "seed": pa.int64(),
        "x": pa.float64(),
        "y": pa.float64(),
        "kl_divergence": pa.float64(),
    }
)
# Iterations, exaggeration and momentum of openTSNE's defaults. Where they cost little there are
# half as many again after the exaggeration: small perplexities still gain from them.
PHASES = ((250, 12.0, 0.8), (500, 1.0, 0.8))
EXACT_PHASES = ((250, 12.0, 0.8), (750, 1.0, 0.8))
# Up to here the exact gradient is faster than Barnes-Hut (tests/benchmarks/grid.py), and from
# here on, say openTSNE's authors, FFT interpolation is.
EXACT_LIMIT = 2000
FFT_LIMIT = 10_000


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


@dataclass(frozen=True)
class Method:
    """How the maps are computed.

    Attributes
    ----------
    initialization : "pca" or "random"
    gradient : "auto", "exact", "barnes-hut" or "fft"
        `auto` is exact up to `EXACT_LIMIT` images, FFT from `FFT_LIMIT` on, and
        Barnes-Hut between them.
    device : "cpu" or "gpu"
        `gpu` computes the exact gradient of many maps at once with torch.
    """

    initialization: Literal["pca", "random"] = "pca"
    gradient: Gradient = "auto"
    device: Literal["cpu", "gpu"] = "cpu"

    def gradient_for(self, n: int) -> Gradient:
        """The gradient for n images, `auto` resolved."""
        if self.gradient != "auto":
            return self.gradient
        if n <= EXACT_LIMIT:
            return "exact"
        return "barnes-hut" if n < FFT_LIMIT else "fft"


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


def nearest(neighbours: Neighbours, perplexity: float) -> tuple[np.ndarray, np.ndarray]:
    """The 3 x perplexity neighbours that the affinities use, or all: indices and distances.

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
    return (
        np.ascontiguousarray(neighbours.indices[:, :k]),
        np.ascontiguousarray(neighbours.distances[:, :k]),
    )


def joint(neighbours: Neighbours, perplexity: float) -> np.ndarray:
    """The exact affinities of all pairs, shape (n, n)."""
    from cxr.tsne_exact import joint_affinities

    indices, distances = nearest(neighbours, perplexity)
    return joint_affinities(indices, distances**2, float(perplexity))


def embed(
    neighbours: Neighbours, perplexity: float, seed: int, method: Method, threads: int
) -> tuple[np.ndarray, float]:
    """One t-SNE map.

    Parameters
    ----------
    neighbours : Neighbours
        At least min(n - 1, 3 x perplexity) of them.
    perplexity : float
        From 1 to n - 1.
    seed : int
        Of the start, when it is random, and of its jitter, when it is the PCA.
    method : Method
    threads : int
        Of openTSNE; the exact gradient uses one.

    Returns
    -------
    embedding : float array, shape (n, 2)
    kl_divergence : float
        The Kullback-Leibler divergence from the affinities, nats.

    References
    ----------
    P. Poličar, M. Stražar, B. Zupan, "openTSNE: A Modular Python Library for
    t-SNE Dimensionality Reduction and Embedding", J. Stat. Softw. 109, 2024.
    """
    start = starting_points(neighbours, seed, method.initialization)
    gradient = method.gradient_for(neighbours.n)
    if gradient == "exact":
        from cxr.tsne_exact import optimise

        return optimise(joint(neighbours, perplexity), start, np.array(EXACT_PHASES))

    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    index = PrecomputedNeighbors(*nearest(neighbours, perplexity))
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=threads)
    embedding = TSNEEmbedding(
        start, affinities, negative_gradient_method=gradient, n_jobs=threads, random_state=seed
    )
    for iterations, exaggeration, momentum in PHASES:
        embedding = embedding.optimize(iterations, exaggeration=exaggeration, momentum=momentum)
    return np.asarray(embedding, dtype=np.float64), float(embedding.kl_divergence)


def embed_all(
    neighbours: Neighbours, runs: Sequence[tuple[float, int]], method: Method, threads: int
) -> pa.Table:
    """The t-SNE maps of several (perplexity, seed) runs.

    A perplexity above n - 1 can't be reached: its rows are absent, and the log
    says so.

    Returns
    -------
    Table
        Columns as in `EMBEDDINGS`, n rows a run.
    """
    possible = []
    for perplexity, seed in runs:
        if perplexity <= neighbours.n - 1:
            possible.append((perplexity, seed))
            continue
        log.info(
            "perplexity %g is left out: with %d images the largest is %d",
            perplexity,
            neighbours.n,
            neighbours.n - 1,
        )
    progress = Progress(len(possible), "t-SNE maps")
    if method.device == "gpu":
        from cxr.tsne_batch import embed_batches

        maps = embed_batches(neighbours, possible, method)
    else:
        maps = (embed(neighbours, *run, method, threads) for run in possible)
    tables = [EMBEDDINGS.empty_table()]
    for (perplexity, seed), (xy, kl_divergence) in zip(possible, maps, strict=True):
        tables.append(map_table(neighbours.image_ids, "tsne", xy, perplexity, seed, kl_divergence))
        progress.step()
    return pa.concat_tables(tables)


def map_table(
    image_ids: np.ndarray,
    method: Literal["tsne", "pca"],
    xy: np.ndarray,
    perplexity: float | None = None,
    seed: int = 0,
    kl_divergence: float | None = None,
) -> pa.Table:
    """One map as rows of the embeddings table.

    Parameters
    ----------
    image_ids : str array, shape (n,)
    xy : float array, shape (n, 2)
    perplexity, kl_divergence : float, optional
        None for a method without them.
    """
    n = len(xy)
    columns = {
        "image_id": image_ids.tolist(),
        "method": [method] * n,
        "perplexity": None if perplexity is None else np.full(n, perplexity),
        "seed": np.full(n, seed),
        "x": xy[:, 0],
        "y": xy[:, 1],
        "kl_divergence": None if kl_divergence is None else np.full(n, kl_divergence),
    }
    arrays = [to_column(columns[field.name], field.type, n) for field in EMBEDDINGS]
    return pa.Table.from_arrays(arrays, schema=EMBEDDINGS)
