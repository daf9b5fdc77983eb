"""Image files, which may be damaged or hostile: from bytes to grey pixels."""

import errno
import io
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin

from cxr.core.budget import Budget
from cxr.images.dicom import UnreadablePixels, is_dicom, read_pixels
from cxr.images.dicom_bounds import bounded_pixels
from cxr.images.formats import (
    DICOM_SUFFIXES,
    FORMATS,
    HEAVY,
    LARGE_WEBP,
    MAX_DEPTH,
    MAX_HEADER,
    MAX_PIXELS,
    TOO_LARGE,
    TOO_MUCH_BESIDE,
    too_large,
)
from cxr.images.jpeg2000_bounds import division_problem
from cxr.images.kinds import BEGIN, begins_as_dicom, what_it_is
from cxr.images.scaling import row_blocks, scale_to_bytes
from cxr.images.tiff_grey import upright_values

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# Pillow warns up to twice that, but `_require_bounded` rejects all that is larger.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

# The pixels of all images that are decoded at a time: many ordinary ones, or one of the largest.
IN_MEMORY = Budget(MAX_PIXELS)

# Pages of a TIFF that are looked at; previews halve its size a few times.
MAX_PAGES = 64
# Of a page of a TIFF: the tag of its kind, and its bits for a smaller copy and for a mask.
SUBFILE, PREVIEW_OR_MASK = 254, 5


class UnusableImage(ValueError):
    """An image that can't be used; the text is the reason in a few words."""


class _Header(io.BufferedReader):
    """A file of which Pillow may read so much to learn what image it holds."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.left: int | None = MAX_HEADER

    def read(self, size: int | None = -1, /) -> bytes:
        if self.left is None:
            return super().read(size)
        most = self.left + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        self.left -= len(data)
        if self.left < 0:
            raise UnusableImage(TOO_MUCH_BESIDE)
        return data


def read_grey(path: Path) -> np.ndarray:
    """Decodes an image file whole and turns it grey.

    Colour becomes luminance (ITU-R BT.601), transparency is dropped, deeper
    pixels (16 bit, float) are scaled linearly from their own range to 0..255,
    and the camera's orientation tag is applied. DICOM files are rendered with
    their window. The formats and limits are those of `cxr.images.formats`; the content of a file
    decides which it is, not its name. Of several images in one file (MPO, GIF, animated PNG and
    WebP, a TIFF with previews or masks) the first counts; pages of one size are a stack.

    Returns
    -------
    uint8 array, shape (height, width)

    Raises
    ------
    UnusableImage
        If the file is missing, empty, truncated, no image, a stack of several
        images, or unreasonably large.
    """
    with decoded(path) as image:
        return to_grey(image)


@contextmanager
def decoded(path: Path, depth: type = np.uint8) -> Iterator[Image.Image]:
    """The one image of a file, decoded whole and upright, with the file's `format`.

    While the block runs its pixels count as `IN_MEMORY`: other threads wait with theirs.
    Grey DICOM has bytes, or with float32 for `depth` numbers from 0 to 1 (mode F).

    Raises
    ------
    UnusableImage
        As `read_grey`.
    """
    with ExitStack() as held:
        yield _decode(path, held, depth)


def _decode(path: Path, held: ExitStack, depth: type) -> Image.Image:
    try:
        with _opened(path) as stream:
            begin = stream.read(BEGIN)
        if begins_as_dicom(begin):
            return _dicom(path, held, depth)
        try:
            return _raster(path, held, begin)
        except Image.UnidentifiedImageError:
            if is_dicom(path):
                return _dicom(path, held, depth)
            raise
    except (UnusableImage, MemoryError):
        raise
    except UnreadablePixels as error:
        raise UnusableImage(str(error)) from error
    except Image.DecompressionBombError as error:
        raise UnusableImage(TOO_LARGE) from error
    except Image.UnidentifiedImageError as error:
        raise UnusableImage(what_it_is(begin)) from error
    except Exception as error:
        # A damaged file may raise any error of its format's reader. Pillow bounds what
        # compressed text and colour profiles expand to.
        beside = isinstance(error, ValueError) and "MAX_TEXT_" in str(error)
        raise UnusableImage(TOO_MUCH_BESIDE if beside else "truncated or damaged") from error


def _opened(path: Path) -> io.BufferedReader:
    """A file that can be read and holds something.

    Raises
    ------
    UnusableImage
        With the reason why it can't.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnusableImage("a folder, not a file")
        if not stat.S_ISREG(status.st_mode):
            raise UnusableImage("not a regular file")
        if status.st_size == 0:
            raise UnusableImage("the file is empty")
        return path.open("rb")
    except PermissionError as error:
        raise UnusableImage("no permission to read it") from error
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP):
            raise
        is_link = error.errno != errno.ENAMETOOLONG and path.is_symlink()
        raise UnusableImage("a broken link" if is_link else "no such file") from error


def _dicom(path: Path, held: ExitStack, depth: type) -> Image.Image:
    held.enter_context(IN_MEMORY.hold(bounded_pixels(path)))
    image = Image.fromarray(read_pixels(path, depth))
    image.format = "DICOM"
    return image


def _raster(path: Path, held: ExitStack, begin: bytes) -> Image.Image:
    """The first image of a file that Pillow reads."""
    try:
        with _Header(path) as stream, Image.open(stream, formats=tuple(FORMATS)) as image:
            held.enter_context(IN_MEMORY.hold(_require_bounded(image, path)))
            stream.left = None
            image.load()
            kind = "JPEG" if image.format == "MPO" else image.format
            tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else None
            ImageOps.exif_transpose(image, in_place=True)
            meant = image if tags is None else upright_values(image, tags)
            meant.format = kind
            return meant
    except UnusableImage as error:
        if str(error) == TOO_MUCH_BESIDE and begin[8:12] == b"WEBP":
            raise UnusableImage(LARGE_WEBP) from error
        raise


def _require_bounded(image: Image.Image, path: Path) -> int:
    """The pixels that decoding an image takes, by its header.

    Raises
    ------
    UnusableImage
        If these are too many, or the file holds far more than they can, or a stack.
    """
    pixels = image.width * image.height
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        # A whole tile is decoded, however little of it belongs to the image.
        tags = image.tag_v2
        tile = tags.get(TiffImagePlugin.TILEWIDTH, 0) * tags.get(TiffImagePlugin.TILELENGTH, 0)
        pixels = max(pixels, int(tile))
    heavy = HEAVY.get(str(image.format), 1)
    if pixels * heavy > MAX_PIXELS:
        raise UnusableImage(too_large(heavy))
    if isinstance(image, TiffImagePlugin.TiffImageFile) and _is_stack(image):
        raise UnusableImage("a stack of several images")
    if path.stat().st_size > MAX_DEPTH * pixels + MAX_HEADER:
        raise UnusableImage(TOO_MUCH_BESIDE)
    if image.format == "JPEG2000":
        problem = division_problem(path.read_bytes(), image.size)
        if problem is not None:
            raise UnusableImage(problem)
    return pixels * heavy


def _is_stack(image: TiffImagePlugin.TiffImageFile) -> bool:
    """Whether a later page is as large as the first and neither a preview nor a mask.

    So is a file of more than `MAX_PAGES`.
    """
    size = image.size
    try:
        for page in range(1, MAX_PAGES + 1):
            image.seek(page)
            if image.size == size and not image.tag_v2.get(SUBFILE, 0) & PREVIEW_OR_MASK:
                return True
        return True
    except EOFError:
        return False
    finally:
        image.seek(0)


def to_grey(image: Image.Image) -> np.ndarray:
    """The grey pixels of an image as in `read_grey`, uint8 of shape (height, width)."""
    if image.mode in ("1", "L", "RGB"):
        return np.array(image.convert("L"))
    if image.mode.startswith("I") or image.mode == "F":
        return scale_to_bytes(np.asarray(image))
    grey = np.empty((image.height, image.width), dtype=np.uint8)
    for rows, strip in strips(image):
        grey[rows] = np.asarray(strip.convert("RGB").convert("L"))
    return grey


def strips(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The rows of an image, block after block: converting all at once would copy it."""
    blocks = list(row_blocks((image.height, image.width)))
    if len(blocks) == 1:
        yield blocks[0], image
        return
    for rows in blocks:
        yield rows, image.crop((0, rows.start, image.width, rows.stop))


def format_of_name(file: str) -> str | None:
    """The format by a file's suffix, as `inspect_images` names it: jpeg, png, dicom; or None."""
    suffix = PurePosixPath(file).suffix.casefold()
    if suffix in DICOM_SUFFIXES:
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
