"""What a network computes from many images, batch after batch."""

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from cxr.images.rows import Images
from cxr.networks.device import is_out_of_memory
from cxr.networks.pixels import unit_batches

LARGE = 2**23  # pixels that a card computes at once: numbers depend on it in their last bits
AHEAD = 2  # batches that a card computes while the next is made ready and the last is copied


def compute_batches(
    network: nn.Module,
    compute: Callable[..., tuple[Tensor, ...]],
    images: Images,
    image_size: int | None,
    device: torch.device,
    batch_size: int = 64,
    beside: np.ndarray | None = None,
) -> list[tuple[np.ndarray, ...]]:
    """The results of a computation without gradients, a tuple for each batch.

    A card takes larger batches, half as large where its memory is short. While it computes,
    the next batch moves there and the results of earlier ones come back.

    Parameters
    ----------
    network : Module
        Moved to the device, in evaluation.
    compute : callable
        Tensors from a float batch of shape (m, 1, size, size), from 0 to 1. It is called
        without gradients, which it may enable.
    images : uint8 array or ImageRows, shape (n, h, w)
        Read batch by batch.
    image_size : int or None
        Side of the network's input; None for the images' own.
    device : torch.device
    batch_size : int
        Least images at once.
    beside : array, shape (n,), optional
        Of which `compute` gets the batch's part, on the device, as a second argument.
    """
    sides = [] if beside is None else [torch.from_numpy(beside).to(device)]
    if device.type != "cuda":
        network.to(device).eval()
        return _computed(compute, images, image_size, device, batch_size, sides)
    network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    size = card_batch(image_size or images.shape[-1], batch_size)
    while True:
        try:
            return _computed(compute, images, image_size, device, size, sides)
        except RuntimeError as error:
            if size == 1 or not is_out_of_memory(error):
                raise
        size //= 2
        torch.cuda.empty_cache()


def card_batch(side: int, least: int = 1) -> int:
    """Images that a card computes at once where its memory allows, at least so many."""
    return max(least, LARGE // side**2)


def _computed(
    compute: Callable[..., tuple[Tensor, ...]],
    images: Images,
    image_size: int | None,
    device: torch.device,
    size: int,
    sides: Sequence[Tensor],
) -> list[tuple[np.ndarray, ...]]:
    results: list[tuple[np.ndarray, ...]] = []
    running: deque[tuple[torch.Event | None, list[Tensor]]] = deque()

    def collect(left: int) -> None:
        """Takes the results of all batches but the last so many, and waits for no others."""
        while len(running) > left:
            event, tensors = running.popleft()
            if event is not None:
                event.synchronize()
            results.append(tuple(tensor.numpy().copy() for tensor in tensors))

    with torch.no_grad():
        for number, batch in enumerate(unit_batches(images, size, image_size, device)):
            parts = [side[number * size :][:size] for side in sides]
            tensors = [t.to("cpu", non_blocking=True) for t in compute(batch, *parts)]
            event = None
            if device.type == "cuda":
                event = torch.cuda.Event()
                event.record()
            running.append((event, tensors))
            collect(0 if event is None else AHEAD)
    collect(0)
    return results
