"""The images of a training, where batches of them are soonest on the device."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from cxr.images.rows import ImageRows, blocks
from cxr.networks.pixels import resize

SHARE = 0.3  # of a card's free memory, that the images of one split may take
CPU = torch.device("cpu")


class Store:
    """Images and targets of one split at one size.

    On a card the images lie as uint8 where they take at most `SHARE` of its free memory.
    Else they lie in the machine's memory, or are read and resized batch by batch: the numbers
    are the same. Batches move to a card through page-locked memory while it computes.

    Parameters
    ----------
    images : ImageRows
        uint8, shape (n, h, w).
    targets : float Tensor, shape (n, d)
    size : int
        Side of the images in pixels.
    device : torch.device
    room : int, optional
        Bytes for the images on the device; None for `SHARE` of what is free.
    held : bool
        Whether images that do not lie on a card are held in memory.
    """

    def __init__(
        self,
        images: ImageRows,
        targets: Tensor,
        size: int,
        device: torch.device,
        room: int | None = None,
        held: bool = True,
    ) -> None:
        self.device, self.source, self.size = device, images, size
        if device.type == "cuda" and room is None:
            room = int(SHARE * torch.cuda.mem_get_info()[0])
        on_card = device.type != "cpu" and len(images) * size**2 <= (room or 0)
        self.images: Tensor | None = None
        if on_card or held:
            self.images = _resized(images, size, device if on_card else CPU)
        self.targets = targets.to(device)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def place(self) -> torch.device:
        """Where the indices of batches have to be."""
        return CPU if self.images is None else self.images.device

    def take(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """The images and targets of a batch, on the device.

        Parameters
        ----------
        batch : int64 Tensor, shape (m,)
            At `place`.
        """
        if self.images is not None and self.place.type == self.device.type:
            return self.images[batch], self.targets[batch]
        if self.images is None:
            images = self._read(batch.numpy())
        else:
            shape = (len(batch), *self.images.shape[1:])
            images = torch.empty(shape, dtype=self.images.dtype, pin_memory=True)
            torch.index_select(self.images, 0, batch, out=images)
        index = batch.to(self.device, non_blocking=True)
        return self._moved(images), self.targets[index]

    def parts(self, size: int) -> Iterator[Tensor]:
        """All images in their order, `size` at a time, on the device."""
        if self.images is not None:
            yield from map(self._moved, self.images.split(size))
        else:
            for start in range(0, len(self), size):
                yield self._moved(self._read(slice(start, start + size)))

    def _read(self, key: np.ndarray | slice) -> Tensor:
        return resize(torch.from_numpy(self.source[key][:, None]), self.size)

    def _moved(self, images: Tensor) -> Tensor:
        """Images on the device."""
        if images.device.type == "cpu" and self.device.type == "cuda" and not images.is_pinned():
            images = images.pin_memory()
        return images.to(self.device, non_blocking=True)


def _resized(images: ImageRows, size: int, place: torch.device) -> Tensor:
    """All images at `size`, shape (n, 1, size, size), at a place; some are read at a time."""
    resized = torch.empty((len(images), 1, size, size), dtype=torch.uint8, device=place)
    start = 0
    for block in blocks(images):
        part = torch.from_numpy(block[:, None]).to(place)
        resized[start : start + len(block)] = resize(part, size)
        start += len(block)
    return resized
