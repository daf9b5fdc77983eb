"""The canonical images that networks learn from: grey, square, one size, re-encoded."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import numpy as np
from PIL import Image, ImageOps

from cxr.core.io import read_csv
from cxr.images.hiding import Box, boxes_by_image
from cxr.images.resizing import resized
from cxr.images.rows import Images, each

JPEG_QUALITY = 90
Square = Literal["crop", "stretch", "pad"]


@dataclass(frozen=True)
class SourceImages:
    """Where images are read from, and what of them is painted over.

    Attributes
    ----------
    roots : mapping
        The folder of each source.
    hidden : mapping
        By image_id, the boxes that are painted over.
    """

    roots: Mapping[str, Path]
    hidden: Mapping[str, Sequence[Box]] = field(default_factory=dict)

    @classmethod
    def of(cls, folders: Iterable[str], text: str | None) -> Self:
        """Files in the folders of sources, without the burned-in text that a table lists."""
        roots = {Path(folder).name: Path(folder) for folder in folders}
        return cls(roots, boxes_by_image(read_csv(text)) if text else {})


def canonical(grey: np.ndarray, size: int, square: Square) -> np.ndarray:
    """The canonical image: square, of one size, re-encoded.

    Made square by `square` (the largest centred square, squashed, or padded
    with black), reduced with an antialiasing filter, and encoded once as JPEG
    at one quality, which masks the compression of the source.

    Parameters
    ----------
    grey : uint8 array, shape (height, width)
    size : int
        Side of the result, pixels.
    square : "crop", "stretch" or "pad"

    Returns
    -------
    uint8 array, shape (size, size)
    """
    image = _squared(grey, size, square)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return np.array(Image.open(buffer, formats=["JPEG"]))


def _squared(grey: np.ndarray, size: int, square: Square) -> Image.Image:
    """As `squared`, of an array, which takes less time for large ones."""
    if square == "pad":
        return squared(Image.fromarray(grey), size, square)
    height, width = grey.shape
    if square == "crop":
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        grey = grey[top : top + side, left : left + side]
    return Image.fromarray(resized(grey, size, size))


def squared(image: Image.Image, size: int, square: Square) -> Image.Image:
    """A grey image as a square of one size, as in `canonical`, but not encoded."""
    filter_ = Image.Resampling.LANCZOS
    if square == "crop":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        # Cropped first: a filter over a box would mix in pixels outside.
        return image.crop((left, top, left + side, top + side)).resize((size, size), filter_)
    if square == "pad":
        return ImageOps.pad(image, (size, size), method=filter_)
    return image.resize((size, size), resample=filter_)


def shrink(images: Images, side: int) -> np.ndarray:
    """Canonical images at a smaller size, by averaging.

    Parameters
    ----------
    images : uint8 array or ImageRows, shape (n, size, size)
    side : int
        Side of the result, pixels.

    Returns
    -------
    uint8 array, shape (n, side, side)
    """
    small = np.empty((len(images), side, side), dtype=np.uint8)
    for number, image in enumerate(each(images)):
        picture = Image.fromarray(image).resize((side, side), Image.Resampling.BOX)
        small[number] = np.asarray(picture)
    return small


def flatten(images: np.ndarray) -> np.ndarray:
    """Each image as a row of pixels, float32 of shape (n, pixels)."""
    return images.reshape(len(images), -1).astype(np.float32)
