"""Two-dimensional maps of features: PCA and a sweep of t-SNE.

Small maps are computed exactly, by `cxr.embedding.tsne_exact` or, many at once, by
`cxr.embedding.tsne_gpu`; large ones by openTSNE or, where that is asked for, by
`cxr.embedding.infotsne`. A row never claims a perplexity that was not used.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Literal

import numpy as np
import pyarrow as pa

from cxr.core.arrow import to_column
from cxr.core.progress import Progress
from cxr.embedding.knn import (
    Neighbours,
    affinity_neighbours,
    order_by_neighbours,
    pairwise_affinities,
    starting_points,
)

log = logging.getLogger("cxr")

Gradient = Literal["auto", "exact", "barnes-hut", "fft", "infotsne"]
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
# Iterations, exaggeration and momentum of openTSNE's defaults.
PHASES = ((250, 12.0, 0.8), (500, 1.0, 0.8))
# Images up to which the exact gradient is faster than Barnes-Hut (tests/benchmarks/grid.py), and
# from which FFT interpolation is faster, according to openTSNE's authors.
EXACT_LIMIT = 2000
FFT_LIMIT = 10_000


@dataclass(frozen=True)
class TsneSettings:
    """How t-SNE maps are computed.

    Attributes
    ----------
    initialization : "pca" or "random"
    gradient : "auto", "exact", "barnes-hut", "fft" or "infotsne"
        `auto` is exact up to `EXACT_LIMIT` images, FFT from `FFT_LIMIT` on, and
        Barnes-Hut between them.
    device : "cpu" or "gpu"
        `gpu` computes many maps at once, with the exact gradient, where there is a usable card;
        with `infotsne` one after the other.
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


@dataclass(frozen=True)
class EmbeddingSettings:
    """The t-SNE maps of one job: every perplexity with every seed.

    Attributes
    ----------
    perplexities : tuple of float
    seeds : tuple of int
    tsne : TsneSettings
    """

    perplexities: tuple[float, ...]
    seeds: tuple[int, ...]
    tsne: TsneSettings

    @property
    def runs(self) -> list[tuple[float, int]]:
        """Perplexity and seed of each map, perplexity by perplexity."""
        return list(product(self.perplexities, self.seeds))


def embed(
    neighbours: Neighbours, perplexity: float, seed: int, settings: TsneSettings, threads: int
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
    settings : TsneSettings
    threads : int
        Of openTSNE; what is computed here uses one.

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
    start = starting_points(neighbours, seed, settings.initialization)
    gradient = settings.gradient_for(neighbours.n)
    if gradient == "exact":
        from cxr.embedding.tsne_exact import EXACT_PHASES, optimise

        return optimise(pairwise_affinities(neighbours, perplexity), start, np.array(EXACT_PHASES))
    if gradient == "infotsne":
        from cxr.embedding.gpu import torch_device
        from cxr.embedding.infotsne import infotsne

        return infotsne(neighbours, perplexity, start, seed, torch_device(settings.device))

    return _by_opentsne(neighbours, perplexity, seed, start, gradient, threads)


def _by_opentsne(
    neighbours: Neighbours,
    perplexity: float,
    seed: int,
    start: np.ndarray,
    gradient: Gradient,
    threads: int,
) -> tuple[np.ndarray, float]:
    """A map by openTSNE, whose points lie in memory near those that attract them.

    Its repulsion is openTSNE's, its attraction that of `cxr.embedding.attraction`.
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors
    from openTSNE.tsne import kl_divergence_bh, kl_divergence_fft

    from cxr.embedding.attraction import with_pairs_once

    order = order_by_neighbours(neighbours.indices)
    place = np.argsort(order)
    indices, distances = affinity_neighbours(neighbours, perplexity)
    index = PrecomputedNeighbors(place[indices[order]].astype(np.int32), distances[order])
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=threads)
    affinities.P.sort_indices()
    objective = kl_divergence_fft if gradient == "fft" else kl_divergence_bh
    embedding = TSNEEmbedding(
        start[order],
        affinities,
        negative_gradient_method=with_pairs_once(objective, affinities.P),
        n_jobs=threads,
        random_state=seed,
    )
    for iterations, exaggeration, momentum in PHASES:
        embedding = embedding.optimize(iterations, exaggeration=exaggeration, momentum=momentum)
    return np.asarray(embedding, dtype=np.float64)[place], float(embedding.kl_divergence)


def embed_runs(
    neighbours: Neighbours, runs: Sequence[tuple[float, int]], settings: TsneSettings, threads: int
) -> pa.Table:
    """The t-SNE maps of several (perplexity, seed) runs.

    A perplexity above n - 1 is impossible: its rows are absent, and the log
    says so.

    Returns
    -------
    Table
        Columns as in `EMBEDDINGS`, n rows a run.
    """
    feasible = []
    for perplexity, seed in runs:
        if perplexity <= neighbours.n - 1:
            feasible.append((perplexity, seed))
            continue
        log.info(
            "perplexity %g is left out: with %d images the largest is %d",
            perplexity,
            neighbours.n,
            neighbours.n - 1,
        )
    progress = Progress(len(feasible), "t-SNE maps")
    maps = embed_maps(neighbours, feasible, settings, threads)
    tables = [EMBEDDINGS.empty_table()]
    for (perplexity, seed), (xy, kl_divergence) in zip(feasible, maps, strict=True):
        tables.append(map_table(neighbours.image_ids, "tsne", xy, perplexity, seed, kl_divergence))
        progress.step()
    return pa.concat_tables(tables)


def embed_maps(
    neighbours: Neighbours,
    runs: Sequence[tuple[float, int]],
    settings: TsneSettings,
    threads: int = 1,
) -> Iterator[tuple[np.ndarray, float]]:
    """The map and the divergence of each (perplexity, seed), as from `embed`.

    With `device: gpu` on a card, where there is one that can.
    """
    card = None
    if settings.device == "gpu" and settings.gradient != "infotsne":
        from cxr.embedding.gpu import card_for

        card = card_for(neighbours.n, optional=neighbours.n <= EXACT_LIMIT)
    if card is None:
        yield from (embed(neighbours, *run, settings, threads) for run in runs)
        return
    from cxr.embedding.tsne_batches import MapRequest
    from cxr.embedding.tsne_gpu import compute_maps

    request = MapRequest(neighbours, runs, settings.initialization)
    yield from chain.from_iterable(compute_maps([request], card))


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
