"""Image files, which may be damaged or hostile: from bytes to grey pixels."""

import errno
import os
import warnings
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps

from cxr.images.dicom import SUFFIXES, UnreadablePixels, is_dicom, read_pixels
from cxr.images.scaling import scale_to_bytes

MAX_PIXELS = 200_000_000
TOO_LARGE = f"more than {MAX_PIXELS // 10**6} million pixels"
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # where Pillow warns; its own is less than half of that


class UnusableImage(ValueError):
    """An image that can't be used; the text is the reason in a few words."""


def read_grey(path: Path) -> np.ndarray:
    """Decodes an image file whole and turns it grey.

    Colour becomes luminance (ITU-R BT.601), transparency is dropped, deeper
    pixels (16 bit, float) are scaled linearly from their own range to 0..255,
    and the camera's orientation tag is applied. DICOM files are rendered with
    their window.

    Returns
    -------
    uint8 array, shape (height, width)

    Raises
    ------
    UnusableImage
        If the file is missing, empty, truncated, no image, a stack of several
        images, or unreasonably large.
    """
    return to_grey(decode(path))


def decode(path: Path) -> Image.Image:
    """The one image of a file, decoded whole and upright, with the file's `format`.

    Raises
    ------
    UnusableImage
        As `read_grey`.
    """
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
    except UnreadablePixels as error:
        raise UnusableImage(str(error)) from error
    except FileNotFoundError as error:
        raise UnusableImage("no such file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableImage(TOO_LARGE) from error
    except Image.UnidentifiedImageError as error:
        raise UnusableImage("not an image that can be read") from error
    except Exception as error:
        # A damaged file may raise any error of its format's reader.
        long = isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG
        raise UnusableImage("no such file" if long else "truncated or damaged") from error


def to_grey(image: Image.Image) -> np.ndarray:
    """The grey pixels of an image as in `read_grey`, uint8 of shape (height, width)."""
    if image.mode in ("1", "L"):
        return np.array(image.convert("L"))
    if image.mode.startswith("I") or image.mode == "F":
        return scale_to_bytes(np.asarray(image))
    return np.array(image.convert("RGB").convert("L"))


def format_of_name(file: str) -> str | None:
    """The format by a file's suffix, as `inspect_images` names it: jpeg, png, dicom; or None."""
    suffix = PurePosixPath(file).suffix.casefold()
    if suffix in SUFFIXES:
        return "dicom"
    name = Image.registered_extensions().get(suffix)
    return name.lower() if name else None


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
