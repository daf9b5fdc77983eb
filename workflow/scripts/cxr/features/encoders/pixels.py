"""Pixels of image files at their full size, for encoders."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from cxr.images.decode import decoded, to_grey
from cxr.images.hiding import Box, hide
from cxr.images.scaling import scale_range

BOXLESS: tuple[Box, ...] = ()


def is_deep(image: Image.Image) -> bool:
    """Whether an image has more than 8 bits a channel."""
    return image.mode.startswith("I") or image.mode == "F"


def colour_image(path: Path, channels: int, hidden: Sequence[Box] = BOXLESS) -> Image.Image:
    """An image of bytes, upright and as large as in its file.

    Parameters
    ----------
    path : Path
    channels : int
        3 for colours, which of a grey image are alike; 1 for grey.
    hidden : sequence of boxes
        Painted over, see `cxr.images.hiding.hide`.

    Raises
    ------
    UnusableImage
        As `cxr.images.decode.decoded`.
    """
    with decoded(path) as image:
        plain = Image.fromarray(to_grey(image)) if is_deep(image) else image
        plain = plain.convert("RGB" if channels == 3 else "L")
    if not hidden:
        return plain
    return Image.merge(
        plain.mode,
        [Image.fromarray(hide(np.asarray(band), hidden)) for band in plain.split()],
    )


def deep_grey(path: Path, hidden: Sequence[Box] = BOXLESS) -> np.ndarray:
    """The grey pixels of an image with their whole depth, the first channel of colours.

    Parameters
    ----------
    path, hidden
        As of `colour_image`.

    Returns
    -------
    array, shape (height, width)
        uint8 of an image of 8 bits; else float32 from 0 to 1: a raster's own range, or what
        the window of a DICOM file shows of it.

    Raises
    ------
    UnusableImage
        As `cxr.images.decode.decoded`.
    """
    with decoded(path, np.float32) as image:
        if image.format == "DICOM" and image.mode == "F":
            grey = np.array(image)
        elif is_deep(image):
            grey = scale_range(np.asarray(image), np.float32)
        elif image.mode in ("1", "L", "LA"):
            grey = np.array(image.convert("L"))
        else:
            grey = np.array(image.convert("RGB").getchannel(0))
    return hide(grey, hidden)
