"""The bits of DICOM pixels, where a file holds others beside them or its header has them wrong."""

from typing import Any

import numpy as np

# Rows that tell whether pixels have more bits than said, and values above those bits at least.
ROWS = 256
LEVELS = 4


def stored_values(pixels: np.ndarray, image: Any) -> np.ndarray:
    """Pixels of whole numbers without what the file holds in the bits beside theirs.

    Parameters
    ----------
    pixels : array of numbers, shape (height, width) or (height, width, channels)
    image : pydicom.Dataset
        As of `cxr.images.dicom_header.image_module`.
    """
    bits, size = image.get("BitsStored"), 8 * pixels.dtype.itemsize
    if pixels.dtype.kind == "f" or image.BitsAllocated == 1 or bits >= size:
        return pixels
    high = image.HighBit
    if high >= bits and _within(pixels, bits):
        # The header says that they lie in the upper bits, but nothing does.
        high = bits - 1
    if high == bits - 1 and pixels.dtype.kind == "u" and _are_deeper(pixels, bits):
        return pixels
    shifted = np.left_shift(pixels, size - 1 - high)
    return np.right_shift(shifted, size - bits, out=shifted)


def _within(pixels: np.ndarray, bits: int) -> bool:
    return bool(pixels.min() >= -(2 ** (bits - 1)) and pixels.max() < 2**bits)


def _are_deeper(pixels: np.ndarray, bits: int) -> bool:
    """Whether pixels have more bits than the header says: without them they jump.

    An overlay in the bits above has few values, and jumps itself.
    """
    some = pixels[:: max(1, len(pixels) // ROWS)]
    if len(np.unique(some >> bits)) < LEVELS:
        return False
    return 2 * _roughness(some) < _roughness(some & (2**bits - 1))


def _roughness(pixels: np.ndarray) -> float:
    """The mean step between neighbours in a row, in standard deviations."""
    steps = np.abs(np.diff(pixels.astype(np.float64), axis=1))
    return float(steps.mean() / pixels.std()) if steps.size and pixels.std() > 0 else 0.0


def has_lost_signs(pixels: np.ndarray, image: Any) -> bool:
    """Whether signed pixels were compressed as unsigned ones: their upper half is the negative one.

    Parameters
    ----------
    pixels : array of numbers, shape (height, width)
    image : pydicom.Dataset
        As of `cxr.images.dicom_header.image_module`.
    """
    half = 2 ** (image.BitsStored - 1)
    signed = pixels.dtype.kind == "i"
    return bool(signed and pixels.min() >= 0 and half <= pixels.max() < 2 * half)
