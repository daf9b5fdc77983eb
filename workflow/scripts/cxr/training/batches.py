"""Shuffled batches of a training."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

CPU = torch.device("cpu")


def batches(
    n: int, size: int, rng: np.random.Generator, place: torch.device = CPU
) -> Iterator[Tensor]:
    """Shuffled batches; a last batch of one joins the one before, for batch normalisation.

    The indices of a whole pass move to `place` at once.
    """
    order = torch.from_numpy(rng.permutation(n)).to(place)
    chunks = list(order.split(size))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        chunks[-2:] = [torch.cat(chunks[-2:])]
    yield from chunks


def endless_batches(
    n: int, size: int, rng: np.random.Generator, place: torch.device = CPU
) -> Iterator[Tensor]:
    """`batches` without end, each pass over the images in another order."""
    while True:
        yield from batches(n, size, rng, place)
