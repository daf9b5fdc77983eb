"""Images of a memory-mapped array, a part of them at a time."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

BLOCK = 1024  # images that are read at a time


@dataclass(frozen=True)
class ImageRows:
    """Some of the images of an array, read when they are asked for.

    Attributes
    ----------
    array : array, shape (n, h, w)
        In memory, or memory-mapped.
    rows : int array, shape (m,)
        Those that count, in their order.
    """

    array: np.ndarray
    rows: np.ndarray

    @classmethod
    def where(cls, array: np.ndarray, selected: np.ndarray) -> "ImageRows":
        """The images for which a bool array of shape (n,) is true."""
        return cls(array, np.flatnonzero(selected))

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array: (m, h, w)."""
        return (len(self.rows), *self.array.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: slice | np.ndarray) -> np.ndarray:
        """A copy of the images at these places among the rows."""
        images = np.ascontiguousarray(self.array[self.rows[key]])
        release(self.array)
        return images


Images = np.ndarray | ImageRows


def blocks(images: Images, size: int = BLOCK) -> Iterator[np.ndarray]:
    """All images in their order, `size` at a time; those before are no longer in memory."""
    for start in range(0, len(images), size):
        yield images[start : start + size]
        if isinstance(images, np.ndarray):
            release(images)


def each(images: Images) -> Iterator[np.ndarray]:
    """One image after the other, as `blocks` reads them."""
    for block in blocks(images):
        yield from block


def release(array: np.ndarray) -> None:
    """Gives back the memory of what was read, or written, of a memory-mapped array.

    The system keeps it in its cache, and writes it to the file. Other arrays are left as they are.
    """
    mapped = getattr(array, "_mmap", None)
    # A map of mode c would lose what was written.
    if isinstance(mapped, mmap.mmap) and getattr(array, "mode", "c") != "c":
        mapped.madvise(mmap.MADV_DONTNEED)
