"""The colours of DICOM pixels: palettes, and what a compressed image says of its own."""

from typing import Any

import numpy as np

from cxr.images.dicom_bounds import jpeg2000_parts, jpeg_segments, require_bounded_palette
from cxr.images.dicom_header import UnreadablePixels
from cxr.images.scaling import row_blocks

JFIF, ADOBE = 0xE0, 0xEE
RGB_NAMES = (b"RGB", b"rgb")


def palette_colours(pixels: np.ndarray, image: Any) -> np.ndarray:
    """Indices of a palette as its colours.

    Parameters
    ----------
    pixels : array of whole numbers, shape (height, width)
    image : pydicom.Dataset
        With the palette, see PS3.3 C.7.9.

    Returns
    -------
    uint8 array, shape (height, width, 3)

    Raises
    ------
    UnreadablePixels
        If there is no palette, or it is damaged or too large.
    """
    from pydicom.pixels import apply_color_lut

    require_bounded_palette(image)
    result = np.empty((*pixels.shape, 3), dtype=np.uint8)
    try:
        for rows in row_blocks(pixels.shape):
            block = apply_color_lut(pixels[rows], image)
            if block.dtype.itemsize == 2 and image.RedPaletteColorLookupTableDescriptor[2] > 8:
                block = block >> 8
            result[rows] = block[..., :3]
    except Exception as error:
        raise UnreadablePixels("its palette is missing or damaged") from error
    return result


def colours_of_frame(frame: bytes, declared: str) -> str:
    """The photometric interpretation of a compressed image in colour.

    Headers often keep that of the image before it was compressed. A JPEG says its own in
    its markers (ITU-T T.871, T.872) or by channels of a smaller size, which colour
    differences alone have; JPEG 2000 says whether its channels are transformed, which its
    decoder undoes.

    Parameters
    ----------
    frame : bytes
        JPEG, JPEG-LS or JPEG 2000.
    declared : str
        What the header says, kept where the image says nothing.
    """
    transformed = jpeg2000_parts(frame)[1]
    if transformed is not None:
        return "RGB" if transformed else declared
    adobe, channels = None, b""
    for marker, part in jpeg_segments(frame):
        if marker == JFIF and part.startswith(b"JFIF"):
            return "YBR_FULL"
        if marker == ADOBE and part.startswith(b"Adobe") and len(part) > 11:
            adobe = part[11]
        if marker in (0xC0, 0xC1, 0xC2):
            channels = part[6:15]
    if channels[::3] in RGB_NAMES or adobe == 0:
        return "RGB"
    if adobe == 1 or len(set(channels[1::3])) > 1:
        return "YBR_FULL"
    return declared
