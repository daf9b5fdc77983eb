"""The maps that are asked for, divided into batches that fit into a GPU's memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from cxr.embedding.card import map_bytes, padded_width
from cxr.embedding.knn import Neighbours, starting_points

# Most maps of a batch: more fill no card better, and the results of a batch wait for its last map.
LARGEST_BATCH = 8192
# Coordinates of the places that fill up a map's last block: so far away that the Student kernel
# with any point is nearly zero, and its square, which a force has, is.
FAR = 1e18


@dataclass(frozen=True)
class MapRequest:
    """Maps of one set of points.

    Attributes
    ----------
    neighbours : Neighbours
    runs : sequence of (float, int)
        Perplexity and seed of each map; a perplexity is from 1 to n - 1.
    initialization : "pca" or "random"
    """

    neighbours: Neighbours
    runs: Sequence[tuple[float, int]]
    initialization: Literal["pca", "random"] = "pca"


@dataclass(frozen=True)
class Batch:
    """Maps that are computed at once.

    Attributes
    ----------
    affinities : list of (Neighbours, float)
        Points and perplexity of each matrix of affinities.
    maps : list of (int, int, str)
        Of each map the number of its affinities, the seed and the initialization.
    """

    affinities: list[tuple[Neighbours, float]]
    maps: list[tuple[int, int, Literal["pca", "random"]]]

    @cached_property
    def width(self) -> int:
        """Places of a map in memory."""
        return padded_width(max(points.n for points, _ in self.affinities))

    @cached_property
    def sizes(self) -> np.ndarray:
        """Points of each matrix of affinities."""
        return np.array([points.n for points, _ in self.affinities], np.int32)

    @cached_property
    def which(self) -> np.ndarray:
        """The number of each map's affinities."""
        return np.array([number for number, _, _ in self.maps], np.int32)

    def starts(self) -> np.ndarray:
        """Where the points of each map start, float32 (b, 2, width)."""
        starts = np.full((len(self.maps), 2, self.width), FAR, np.float32)
        known: dict[tuple[int, int, str], np.ndarray] = {}
        for start, (number, seed, initialization) in zip(starts, self.maps, strict=True):
            points = self.affinities[number][0]
            key = id(points), seed, initialization
            if key not in known:
                known[key] = starting_points(points, seed, initialization).T
            start[:, : points.n] = known[key]
        return starts


def batches(requests: Sequence[MapRequest], budget: int) -> Iterator[Batch]:
    """Divides maps so that each part fits into so many bytes.

    Consecutive maps of equal points and perplexity share their affinities.
    """
    batch, width = Batch([], []), 0
    keys: dict[tuple[int, float], int] = {}
    for number, request in enumerate(requests):
        n = request.neighbours.n
        for perplexity, seed in request.runs:
            key, wider = (number, perplexity), max(width, n)
            matrix, beside = map_bytes(wider)
            needed = matrix * (len(keys) + (key not in keys)) + beside * (len(batch.maps) + 1)
            if batch.maps and (needed > budget or len(batch.maps) == LARGEST_BATCH):
                yield batch
                batch, wider, keys = Batch([], []), n, {}
            width = wider
            if key not in keys:
                keys[key] = len(batch.affinities)
                batch.affinities.append((request.neighbours, perplexity))
            batch.maps.append((keys[key], seed, request.initialization))
    if batch.maps:
        yield batch
