"""Exact t-SNE of many maps of the same images at once, with torch.

On a GPU the maps of all perplexities and seeds of a chunk are one computation.
Everything but the order of the sums is as in `cxr.embedding.tsne_exact`. That order is
enough to send a few maps into another, equally deep, minimum; in single
precision it would be many, so this is double precision.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch

from cxr.embedding.knn import Neighbours, pairwise_affinities, starting_points
from cxr.embedding.tsne_exact import EXACT_PHASES, MAX_STEP, MIN_GAIN, divergence

log = logging.getLogger("cxr")

# Bytes of a pair of points while a gradient is computed: seven arrays in double precision.
PAIR_BYTES = 56
CPU_BUDGET = 2**30


def embed_batches(
    neighbours: Neighbours,
    runs: Sequence[tuple[float, int]],
    initialization: Literal["pca", "random"],
) -> Iterator[tuple[np.ndarray, float]]:
    """The map and its Kullback-Leibler divergence for each (perplexity, seed), in order.

    Runs on the GPU where there is one, else, with a line in the log, on the CPU.
    """
    gpu = torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    budget = torch.cuda.mem_get_info()[0] // 2 if gpu else CPU_BUDGET
    size = max(1, int(budget // (PAIR_BYTES * neighbours.n**2)))
    log.info(
        "%d maps of %d images on %s, %d at a time",
        len(runs),
        neighbours.n,
        torch.cuda.get_device_name() if gpu else "the CPU: there is no GPU",
        size,
    )
    for first in range(0, len(runs), size):
        batch = runs[first : first + size]
        affinities = np.stack(
            [pairwise_affinities(neighbours, perplexity) for perplexity, _ in batch]
        )
        starts = np.stack([starting_points(neighbours, seed, initialization) for _, seed in batch])
        maps = optimise(
            torch.from_numpy(affinities).to(device), torch.from_numpy(starts).to(device)
        )
        for matrix, xy in zip(affinities, maps.cpu().numpy(), strict=True):
            yield xy, divergence(matrix, xy[:, 0].copy(), xy[:, 1].copy())


@torch.inference_mode()
def optimise(joints: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """Maps of several affinity matrices.

    Parameters
    ----------
    joints : float tensor, shape (b, n, n)
    starts : float tensor, shape (b, n, 2)

    Returns
    -------
    float tensor, shape (b, n, 2)
    """
    n = joints.shape[1]
    maps = starts.clone()
    update = torch.zeros_like(maps)
    gains = torch.ones_like(maps)
    for iterations, exaggeration, momentum in EXACT_PHASES:
        for _ in range(iterations):
            slope = gradient(joints, maps, exaggeration)
            flipped = update.sign() != slope.sign()
            gains = torch.where(flipped, gains + 0.2, gains * 0.8 + MIN_GAIN)
            update = momentum * update - n / exaggeration * gains * slope
            length = update.norm(dim=2, keepdim=True)
            update *= (MAX_STEP / length).clamp(max=1)
            maps += update
            maps -= maps.mean(dim=1, keepdim=True)
    return maps


def gradient(joints: torch.Tensor, maps: torch.Tensor, exaggeration: float) -> torch.Tensor:
    """The gradient of each map's divergence over 4, shape (b, n, 2)."""
    steps = [maps[:, :, None, axis] - maps[:, None, :, axis] for axis in (0, 1)]
    kernel = 1 / (1 + steps[0] ** 2 + steps[1] ** 2)
    kernel.diagonal(dim1=1, dim2=2).zero_()
    total = kernel.sum(dim=(1, 2), keepdim=True)
    force = kernel * (exaggeration * joints - kernel / total)
    return torch.stack([(force * step).sum(dim=2) for step in steps], dim=2)
