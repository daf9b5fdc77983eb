"""The canonical images that networks learn from: grey, square, one size, re-encoded."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from cxr.core.errors import InputError
from cxr.core.io import read_csv
from cxr.core.parallel import in_threads
from cxr.images.decode import UnusableImage, decoded, locate, to_grey
from cxr.images.duplicates import perceptual_hash
from cxr.images.hiding import Box, boxes_by_image, hide
from cxr.images.rows import BLOCK, Images, each, release

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
    image = squared(Image.fromarray(grey), size, square)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return np.array(Image.open(buffer, formats=["JPEG"]))


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


def fill_cache(
    rows: pd.DataFrame,
    files: SourceImages,
    pixels: np.ndarray,
    square: Square,
    threads: int,
) -> np.ndarray:
    """Writes the canonical pixels of every image into `pixels`.

    Parameters
    ----------
    rows : DataFrame, n rows
        `image_id, source, file`.
    files : SourceImages
    pixels : uint8 array, shape (n, size, size)
        Filled in the order of `rows`.
    square : "crop", "stretch" or "pad"
        As in `canonical`.
    threads : int
        Images decoded at a time.

    Returns
    -------
    uint64 array, shape (n,)
        The images' perceptual hashes.

    Raises
    ------
    InputError
        If a file can no longer be read: it changed since its metadata was cleaned.
    """
    size = pixels.shape[1]

    def prepare(entry: tuple[str, str, Sequence[Box]]) -> tuple[np.ndarray, np.uint64]:
        source, file, boxes = entry
        root = files.roots[source]
        try:
            with decoded(locate(root, file)) as image:
                grey = hide(to_grey(image), boxes)
                return canonical(grey, size, square), perceptual_hash(grey)
        except UnusableImage as error:
            raise InputError(
                f"{root / file}: {error}, though it was readable before; restore the "
                f"source or delete {root} to obtain it again"
            ) from error

    places = [files.hidden.get(image_id, ()) for image_id in rows["image_id"]]
    entries = list(zip(rows["source"], rows["file"], places, strict=True))
    hashes = np.empty(len(entries), dtype=np.uint64)
    for i, (image, hash_) in enumerate(in_threads(prepare, entries, threads)):
        pixels[i] = image
        hashes[i] = hash_
        if i % BLOCK == BLOCK - 1:
            release(pixels)
    return hashes
