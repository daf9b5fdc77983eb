"""Images decoded once: which are usable, their measures and their canonical pixels."""

import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image

from cxr.core.hashing import digest, file_sha256
from cxr.core.parallel import in_threads
from cxr.images.canonical import Square, canonical
from cxr.images.decode import UnusableImage, decoded, locate, strips, to_grey
from cxr.images.duplicates import perceptual_hash
from cxr.images.earlier import EarlierImages
from cxr.images.quality import MEASURES, quality_flags, quality_measures, rejection_reason
from cxr.images.rows import BLOCK, release

log = logging.getLogger("cxr")

# A row an image; `reason` says why it can't be used, and is null where it can.
INSPECTED = pa.schema(
    {
        "image_id": pa.string(),
        "reason": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "format": pa.string(),
        "sha256": pa.string(),
        "bands": pa.int32(),
        **dict.fromkeys(MEASURES, pa.float64()),
        "flags": pa.string(),
        "hash": pa.uint64(),
        "digest": pa.string(),
    }
)


@dataclass(frozen=True)
class InspectionSettings:
    """What one job inspects, and how.

    Attributes
    ----------
    number, chunks : int
        Which of how many chunks of the images.
    min_side : int
        Smallest usable side, pixels.
    image_size : int
        Side of the canonical images, pixels.
    square : "crop", "stretch" or "pad"
        How they become square.
    """

    number: int
    chunks: int
    min_side: int
    image_size: int
    square: Square


class Inspected(NamedTuple):
    """An image's row of `INSPECTED`, and its canonical pixels, None where it can't be used."""

    row: Mapping[str, Any]
    pixels: np.ndarray | None
    is_earlier: bool = False


def chunk_of(rows: pd.DataFrame, number: int, chunks: int) -> pd.DataFrame:
    """The rows of one chunk of images, in their order.

    An image's id decides, so that others that come or go leave it where it is.
    """
    of_rows = np.array([zlib.crc32(i.encode()) % chunks for i in rows["image_id"]], dtype=int)
    return rows.loc[of_rows == number]


def inspect_images(
    rows: pd.DataFrame,
    roots: Mapping[str, Path],
    pixels: np.ndarray,
    settings: InspectionSettings,
    earlier: EarlierImages,
    threads: int,
) -> pa.Table:
    """Decodes every image once, measures it and makes it canonical.

    Parameters
    ----------
    rows : DataFrame, n rows
        `image_id, source, file`.
    roots : mapping
        The folder of each source.
    pixels : uint8 array, shape (n, size, size)
        Filled with the canonical images in the order of `rows`, 0 where one can't be used.
    settings : InspectionSettings
    earlier : EarlierImages
        Of the same settings; those whose file is the same are not decoded.
    threads : int
        Images decoded at a time.

    Returns
    -------
    Table, n rows
        As `INSPECTED`, in the order of `rows`: width, height, format (of the file's content,
        not its name) and sha256, the file's `channel_count` as `bands`, the measures of
        `cxr.images.quality` with their `flags`, the perceptual hash, and the digest of the
        canonical pixels; of an image that can't be used the reason alone, and 0 as the hash.
    """

    def inspect(entry: tuple[str, str, str]) -> Inspected:
        image_id, source, file = entry
        return _inspect(image_id, roots[source], file, settings, earlier)

    entries = list(rows[["image_id", "source", "file"]].itertuples(index=False, name=None))
    found, n_earlier = [], 0
    for i, image in enumerate(in_threads(inspect, entries, threads)):
        found.append(image.row)
        n_earlier += image.is_earlier
        pixels[i] = 0 if image.pixels is None else image.pixels
        if i % BLOCK == BLOCK - 1:
            release(pixels)
            release(earlier.pixels)
    log.info("%d of %d images are as they were and not decoded", n_earlier, len(found))
    return pa.Table.from_pylist(found, schema=INSPECTED)


def _inspect(
    image_id: str, root: Path, file: str, settings: InspectionSettings, earlier: EarlierImages
) -> Inspected:
    try:
        path = locate(root, file)
        found = earlier.find(image_id, path)
        if found is not None:
            return Inspected(*found, is_earlier=True)
        with decoded(path) as image:
            return _measure(image_id, path, image, settings)
    except UnusableImage as error:
        return _unusable(image_id, str(error))


def _measure(
    image_id: str, path: Path, image: Image.Image, settings: InspectionSettings
) -> Inspected:
    """The row and the pixels of a decoded image."""
    grey = to_grey(image)
    height, width = grey.shape
    if min(width, height) < settings.min_side:
        return _unusable(image_id, f"smaller than {settings.min_side} pixels")
    measures = quality_measures(grey, _saturation(image))
    reason = rejection_reason(grey, measures)
    if reason is not None:
        return _unusable(image_id, reason)
    pixels = canonical(grey, settings.image_size, settings.square)
    row = {
        "image_id": image_id,
        "width": width,
        "height": height,
        "format": (image.format or "").lower() or None,
        "sha256": file_sha256(path),
        "bands": channel_count(image),
        **measures,
        "flags": quality_flags(measures),
        "hash": int(perceptual_hash(grey)),
        "digest": digest(pixels.tobytes()),
    }
    return Inspected(row, pixels)


def _unusable(image_id: str, reason: str) -> Inspected:
    return Inspected({"image_id": image_id, "reason": reason, "hash": 0}, None)


def channel_count(image: Image.Image) -> int:
    """Channels of an image file: 1 for grey, 3 for colour, one more with transparency."""
    grey = Image.getmodebase(image.mode) == "L"
    return (1 if grey else 3) + image.has_transparency_data


def _is_colourless(rgb: Image.Image) -> bool:
    """Whether red, green and blue of every pixel are the same; HSV takes far longer."""
    red, green, blue = (channel.tobytes() for channel in rgb.split())
    return red == green == blue


def _saturation(image: Image.Image) -> float:
    """Mean saturation, 0 to 1; near-black pixels, whose hue is noise, count as 0."""
    if image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I"):
        return 0.0
    total = 0
    for _, strip in strips(image):
        rgb = strip if strip.mode == "RGB" else strip.convert("RGB")
        if _is_colourless(rgb):
            continue
        colours = np.asarray(rgb.convert("HSV"))
        total += int((colours[..., 1] * (colours[..., 2] > 40)).sum())
    return total / (image.width * image.height) / 255
