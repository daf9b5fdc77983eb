"""Grey TIFF pixels as they are meant, where Pillow leaves them as they are stored."""

import numpy as np
from PIL import Image, TiffImagePlugin

from cxr.images.scaling import finite_range, row_blocks

# The tag of a sample's kind, and that of signed whole numbers (TIFF 6.0, section 19).
SAMPLE_FORMAT, SIGNED = 339, 2
WHITE_IS_ZERO = 0


def upright_values(image: Image.Image, tags: TiffImagePlugin.ImageFileDirectory_v2) -> Image.Image:
    """The image with small values dark and no negative ones wrapped around.

    Pillow inverts pixels of at most 8 bits whose smallest value is white, but no deeper ones,
    and takes signed bytes for unsigned ones.

    Parameters
    ----------
    image : Image
        Decoded.
    tags : ImageFileDirectory_v2
        Of the file.

    References
    ----------
    "TIFF, Revision 6.0", Adobe, 1992: PhotometricInterpretation, SampleFormat.
    """
    deep = image.mode.startswith("I") or image.mode == "F"
    white_is_zero = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
    if deep and white_is_zero:
        pixels = np.asarray(image)
        low, high = finite_range(pixels)
        # In the range of the pixels, which may have fewer bits than are stored.
        meant = np.empty_like(pixels)
        for rows in row_blocks(pixels.shape):
            meant[rows] = high - pixels[rows] + low
        return Image.fromarray(meant)
    if image.mode == "L" and tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED:
        return Image.fromarray(np.asarray(image) ^ 0x80)
    return image
