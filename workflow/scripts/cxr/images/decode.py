"""Image files: decoding to grey, measuring, canonical pixels.

An image is untrusted until it was decoded whole. What a network sees of it is
canonical: grey, square, one size, re-encoded, so that neither the file format
nor the shape tells where an image came from.
"""

import errno
import hashlib
import io
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from cxr.core.errors import InputError
from cxr.core.job import Progress
from cxr.images.dicom import SUFFIXES, NoPixels, is_dicom, read_pixels
from cxr.images.duplicates import perceptual_hash
from cxr.images.quality import MEASURES, flags, inspect, refusal
from cxr.metadata.schema import SCHEMA, Reading, combine, rejections

JPEG_QUALITY = 90
MAX_PIXELS = 200_000_000
TOO_LARGE = f"more than {MAX_PIXELS // 10**6} million pixels"
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # where Pillow warns; its own is less than half of that
FILE = ("width", "height", "format", "sha256")

Square = Literal["crop", "stretch", "pad"]
Item = TypeVar("Item")
Result = TypeVar("Result")


class UnusableImage(ValueError):
    """An image that can't be used; the text is the reason in a few words."""


def read_grey(path: Path) -> np.ndarray:
    """Decodes an image file whole and turns it grey.

    Colour becomes luminance (ITU-R BT.601), transparency is dropped, deeper
    pixels (16 bit, float) are scaled linearly from their own range to 0..255,
    and the camera's orientation tag is applied. DICOM files are shown as their
    window says.

    Returns
    -------
    uint8 array, shape (height, width)

    Raises
    ------
    UnusableImage
        If the file is missing, empty, truncated, no image, a stack of several
        images, or unreasonably large.
    """
    return _grey(_decode(path))


def _decode(path: Path) -> Image.Image:
    """The one image of a file, decoded whole and upright, with the format that the file has."""
    try:
        if path.stat().st_size == 0:
            raise UnusableImage("the file is empty")
        if is_dicom(path):
            image = Image.fromarray(read_pixels(path, MAX_PIXELS))
            image.format = "DICOM"
            return image
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UnusableImage(TOO_LARGE)
                if getattr(image, "n_frames", 1) > 1:
                    raise UnusableImage("a stack of several images")
                image.load()
                upright = ImageOps.exif_transpose(image)
                upright.format = image.format
                return upright
    except (UnusableImage, MemoryError):
        raise
    except NoPixels as error:
        raise UnusableImage(str(error)) from error
    except FileNotFoundError as error:
        raise UnusableImage("no such file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImage(TOO_LARGE) from error
    except Image.UnidentifiedImageError as error:
        raise UnusableImage("not an image that can be read") from error
    except Exception as error:
        # Each format's reader has errors of its own for what a damaged file makes of it.
        long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
        raise UnusableImage("no such file" if long else "truncated or damaged") from error


def _grey(image: Image.Image) -> np.ndarray:
    if image.mode in ("1", "L"):
        return np.array(image.convert("L"))
    if image.mode.startswith("I") or image.mode == "F":
        deep = np.asarray(image, dtype=np.float64)
        low, high = float(np.nanmin(deep)), float(np.nanmax(deep))
        if not high > low:
            return np.zeros(deep.shape, dtype=np.uint8)
        return np.round(255 * (np.nan_to_num(deep, nan=low) - low) / (high - low)).astype(np.uint8)
    return np.array(image.convert("RGB").convert("L"))


def format_of_name(file: str) -> str | None:
    """The format that a file's name tells, in the words of `measure`: jpeg, png, dicom; or None."""
    suffix = PurePosixPath(file).suffix.casefold()
    if suffix in SUFFIXES:
        return "dicom"
    named = Image.registered_extensions().get(suffix)
    return named.lower() if named else None


def bands(image: Image.Image) -> int:
    """Channels of an image file: 1 for grey, 3 for colour, one more with transparency."""
    grey = Image.getmodebase(image.mode) == "L"
    return (1 if grey else 3) + image.has_transparency_data


def _saturation(image: Image.Image) -> float:
    """Mean saturation of the colours, 0 to 1; that of near-black pixels is noise and counts 0."""
    if image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I"):
        return 0.0
    colours = np.asarray(image.convert("RGB").convert("HSV"))
    return float((colours[..., 1] * (colours[..., 2] > 40)).mean()) / 255


def canonical(grey: np.ndarray, size: int, square: Square) -> np.ndarray:
    """The square, re-encoded image that everything learns from.

    Made square by `square` (the largest centred square, squashed, or padded
    with black), reduced with an antialiasing filter, and passed once through
    JPEG at one quality, so that the compression of the source is covered by
    the same one for all.

    Parameters
    ----------
    grey : uint8 array, shape (height, width)
    size : int
        Side of the result, pixels.

    Returns
    -------
    uint8 array, shape (size, size)
    """
    image = Image.fromarray(grey)
    filter_ = Image.Resampling.LANCZOS
    if square == "crop":
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        # Cropped first: a filter over a box would mix in what lies outside.
        image = image.crop((left, top, left + side, top + side)).resize((size, size), filter_)
    elif square == "pad":
        image = ImageOps.pad(image, (size, size), method=filter_)
    else:
        image = image.resize((size, size), resample=filter_)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return np.array(Image.open(buffer))


def locate(root: Path, file: str) -> Path:
    """The path of a source's file, which never leaves the source's folder.

    Raises
    ------
    UnusableImage
        If `file` is absolute, climbs out with `..`, or leads through a link to
        a folder outside. A file itself may be a link: directories are linked.
    """
    relative = PurePosixPath(file)
    path = root / relative
    if (
        relative.is_absolute()
        or ".." in relative.parts
        or "\0" in file
        or not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(root))
    ):
        raise UnusableImage("the file name leaves the source's folder")
    return path


def measure(
    reading: Reading, root: Path, min_side: int, threads: int
) -> tuple[Reading, pd.DataFrame]:
    """Decodes every image of a source once and looks at it.

    Parameters
    ----------
    reading : Reading
        What the source's reader found.
    root : Path
        The source's folder.
    min_side : int
        Smallest usable side, pixels.
    threads : int
        Images decoded at a time.

    Returns
    -------
    reading : Reading
        The usable rows with width, height, format (what the file is, whatever its
        name says) and sha256, and a rejection for each of the others besides those
        that `reading` has.
    quality : DataFrame
        For each usable row `image_id`, `bands` of the file, the measures of
        `cxr.images.quality` and `flags`.
    """

    def look(file: str) -> dict[str, Any] | str:
        try:
            path = locate(root, file)
            image = _decode(path)
            grey = _grey(image)
        except UnusableImage as error:
            return str(error)
        height, width = grey.shape
        if min(width, height) < min_side:
            return f"smaller than {min_side} pixels"
        measures = inspect(grey, _saturation(image))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kind = (image.format or "").lower() or None
        seen = {"width": width, "height": height, "format": kind, "sha256": digest}
        seen["bands"] = bands(image)
        return refusal(grey, measures) or {**seen, **measures, "flags": flags(measures)}

    rows = reading.rows
    seen = list(in_threads(look, list(rows["file"]), threads))
    usable = np.array([not isinstance(result, str) for result in seen], dtype=bool)
    kept = rows.loc[usable]
    found = pd.DataFrame(
        [result for result in seen if not isinstance(result, str)],
        columns=[*FILE, "bands", *MEASURES, "flags"],
        index=kept.index,
    )
    quality = found[["bands", *MEASURES, "flags"]]
    quality.insert(0, "image_id", kept["image_id"])
    kept = kept.assign(**found[list(FILE)]).astype(SCHEMA)
    bad = rows.loc[~usable]
    reasons = [result for result in seen if isinstance(result, str)]
    rejected = rejections(bad["source"], bad["file"], "image", reasons)
    measured = combine([reading.without_rows(), Reading.of(kept, rejected)])
    return measured, quality.sort_values("image_id", ignore_index=True)


def fill_cache(
    rows: pd.DataFrame,
    roots: Mapping[str, Path],
    pixels: np.ndarray,
    square: Square,
    threads: int,
) -> np.ndarray:
    """Writes the canonical pixels of every image into `pixels`.

    Parameters
    ----------
    rows : DataFrame, n rows
        With `source` and `file`.
    roots : mapping
        The folder of each source.
    pixels : uint8 array, shape (n, size, size)
        Filled in the order of `rows`.

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

    def prepare(entry: tuple[str, str]) -> tuple[np.ndarray, np.uint64]:
        source, file = entry
        try:
            grey = read_grey(locate(roots[source], file))
        except UnusableImage as error:
            raise InputError(
                f"{roots[source] / file}: {error}, though it was readable before; restore the "
                f"source or delete {roots[source]} to obtain it again"
            ) from error
        return canonical(grey, size, square), perceptual_hash(grey)

    entries = list(zip(rows["source"], rows["file"], strict=True))
    hashes = np.empty(len(entries), dtype=np.uint64)
    for i, (image, hash_) in enumerate(in_threads(prepare, entries, threads)):
        pixels[i] = image
        hashes[i] = hash_
    return hashes


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[Result]:
    """The results of `function` over `items`, in order; decoding frees the interpreter's lock."""
    progress = Progress(len(items), "images")
    batch = 64 * max(1, threads)
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        for start in range(0, len(items), batch):
            for result in pool.map(function, items[start : start + batch]):
                yield result
                progress.step()
