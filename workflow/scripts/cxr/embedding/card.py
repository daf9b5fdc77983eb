"""A GPU, and the memory that exact maps take on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

# The share of the free memory that a batch of maps may take.
SHARE = 0.6
# Points fill up blocks of so many; a multiple of what a program of the kernels handles.
BLOCK = 64


@dataclass(frozen=True)
class Card:
    """A GPU.

    Attributes
    ----------
    device : torch.device
    name : str
    """

    device: torch.device
    name: str

    def free_bytes(self) -> int:
        """The memory that a batch of maps may take."""
        import torch

        if self.device.type != "cuda":
            return 2**30
        # What torch holds for later is free for a batch.
        held = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return int(SHARE * (torch.cuda.mem_get_info()[0] + held))

    def tensor(self, values: np.ndarray) -> torch.Tensor:
        """An array on the card."""
        import torch

        return torch.from_numpy(values).to(self.device)

    def repeatable(self, launches: Callable[[], None]) -> Callable[[], None]:
        """Launches of kernels as one CUDA graph; nothing is launched yet."""
        import torch

        if self.device.type != "cuda":
            return launches
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            launches()
        return graph.replay


def padded_width(n: int) -> int:
    """Places of a map of n points in memory."""
    return -(-n // BLOCK) * BLOCK


def map_bytes(n: int) -> tuple[int, int]:
    """Bytes of a matrix of affinities of n points, while it is made, and of a map beside it."""
    width = padded_width(n)
    return 8 * width * width + 12 * width * n, 64 * width
