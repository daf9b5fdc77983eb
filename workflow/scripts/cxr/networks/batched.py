"""What a network computes from many images, batch after batch."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from cxr.networks.device import is_out_of_memory
from cxr.networks.pixels import unit_batches

LARGE = 2**23  # pixels that a card computes at once: numbers depend on it in their last bits


def compute_batches(
    network: nn.Module,
    compute: Callable[[Tensor], tuple[Tensor, ...]],
    images: np.ndarray,
    image_size: int | None,
    device: torch.device,
    batch_size: int = 64,
) -> list[tuple[np.ndarray, ...]]:
    """The results of a computation without gradients, a tuple for each batch.

    A card takes larger batches, half as large where its memory is short, and is waited for at
    the end alone.

    Parameters
    ----------
    network : Module
        Moved to the device, in evaluation.
    compute : callable
        Tensors from a float batch of shape (m, 1, size, size), from 0 to 1.
    images : uint8 array, shape (n, h, w)
    image_size : int or None
        Side of the network's input; None for the images' own.
    device : torch.device
    batch_size : int
        Least images at once.
    """
    if device.type != "cuda":
        network.to(device).eval()
        return _computed(compute, images, image_size, device, batch_size)
    network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
    size = max(batch_size, LARGE // (image_size or images.shape[-1]) ** 2)
    while True:
        try:
            return _computed(compute, images, image_size, device, size)
        except RuntimeError as error:
            if size == 1 or not is_out_of_memory(error):
                raise
        size //= 2
        torch.cuda.empty_cache()


def _computed(
    compute: Callable[[Tensor], tuple[Tensor, ...]],
    images: np.ndarray,
    image_size: int | None,
    device: torch.device,
    size: int,
) -> list[tuple[np.ndarray, ...]]:
    results = []
    with torch.inference_mode():
        for batch in unit_batches(images, size, image_size, device):
            results.append(tuple(t.to("cpu", non_blocking=True) for t in compute(batch)))
    if device.type == "cuda":
        torch.cuda.current_stream().synchronize()
    return [tuple(tensor.numpy() for tensor in result) for result in results]
