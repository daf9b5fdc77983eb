"""The images of a training, where batches of them are soonest on the device."""

from collections.abc import Iterator

import torch
from torch import Tensor

from cxr.networks.pixels import resize

SHARE = 0.3  # of a card's free memory, that the images of one split may take
CHUNK = 1024  # images that are resized at once on a card


class Store:
    """Images and targets of one split at one size.

    On a card the images lie as uint8 where they take at most `SHARE` of its free memory;
    else they stay in the machine's, and batches move through page-locked memory while the
    card computes.

    Parameters
    ----------
    images : uint8 Tensor, shape (n, 1, h, w)
    targets : float Tensor, shape (n, d)
    size : int
        Side of the images in pixels.
    device : torch.device
    room : int, optional
        Bytes for the images on the device; None for `SHARE` of what is free.
    """

    def __init__(
        self,
        images: Tensor,
        targets: Tensor,
        size: int,
        device: torch.device,
        room: int | None = None,
    ) -> None:
        self.device = device
        if device.type == "cuda" and room is None:
            room = int(SHARE * torch.cuda.mem_get_info()[0])
        if device.type == "cpu" or len(images) * size**2 > (room or 0):
            self.images = resize(images, size)
        else:
            self.images = _resized_on(images, size, device)
        self.targets = targets.to(device)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def place(self) -> torch.device:
        """Where the indices of batches have to be."""
        return self.images.device

    def take(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """The images and targets of a batch, on the device.

        Parameters
        ----------
        batch : int64 Tensor, shape (m,)
            At `place`.
        """
        if self.place.type == self.device.type:
            return self.images[batch], self.targets[batch]
        locked = torch.empty(
            (len(batch), *self.images.shape[1:]), dtype=self.images.dtype, pin_memory=True
        )
        torch.index_select(self.images, 0, batch, out=locked)
        index = batch.to(self.device, non_blocking=True)
        return locked.to(self.device, non_blocking=True), self.targets[index]

    def parts(self, size: int) -> Iterator[Tensor]:
        """All images in their order, `size` at a time, on the device."""
        for part in self.images.split(size):
            if self.place.type == self.device.type:
                yield part
            else:
                yield part.pin_memory().to(self.device, non_blocking=True)


def _resized_on(images: Tensor, size: int, device: torch.device) -> Tensor:
    """Images at `size` on the device."""
    resized = torch.empty((len(images), 1, size, size), dtype=images.dtype, device=device)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].to(device)
        resized[start : start + CHUNK] = resize(part, size)
    return resized
