"""Cached pixels as a network's input."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from cxr.images.rows import Images, blocks


def to_unit(images: Tensor) -> Tensor:
    """uint8 to float from 0 to 1."""
    return images.to(torch.float32).div_(255)


def resize(images: Tensor, size: int | None) -> Tensor:
    """Images of shape (n, 1, h, w) at `size`; as they are where it is None or their size."""
    if size is None or images.shape[-1] == size:
        return images
    # Seconds of imports, which jobs with images of the right size do without.
    from torchvision.transforms import v2

    return v2.functional.resize(images, [size, size], antialias=True)


def unit_batches(
    images: Images, batch_size: int, size: int | None, device: torch.device
) -> Iterator[Tensor]:
    """Images in batches on the device, in their order.

    To a card they move through page-locked memory, while it computes.

    Parameters
    ----------
    images : uint8 array or ImageRows, shape (n, h, w)
    batch_size : int
    size : int or None
        Side of the network's input; None for the images' own.
    device : torch.device

    Yields
    ------
    float Tensor, shape (m, 1, size, size)
        From 0 to 1.
    """
    for block in blocks(images, batch_size):
        batch = torch.from_numpy(np.array(block)[:, None])
        if device.type == "cuda":
            batch = batch.pin_memory()
        yield to_unit(resize(batch.to(device, non_blocking=True), size))
