"""Deep pixels as bytes, or as numbers from 0 to 1."""

from collections.abc import Iterator

import numpy as np

# Pixels at a time: copies as float64 of a whole large image would take gigabytes.
BLOCK = 2**22
# The brightest value of pixels that are bytes, or keep their depth.
BRIGHTEST: dict[type, int] = {np.uint8: 255, np.float32: 1}


def row_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """The rows of an image in blocks of about `BLOCK` pixels, at least a row each."""
    rows = max(1, BLOCK // max(1, shape[1]))
    for start in range(0, shape[0], rows):
        yield slice(start, min(start + rows, shape[0]))


def scale_to_bytes(pixels: np.ndarray) -> np.ndarray:
    """Pixels scaled linearly from their own range to 0..255; black where all are alike.

    Parameters
    ----------
    pixels : array of numbers, shape (height, width) or (height, width, channels)
        NaN counts as the smallest value, infinite ones as the ends of the others.

    Returns
    -------
    uint8 array of the same shape
    """
    return scale_range(pixels, np.uint8)


def scale_range(pixels: np.ndarray, dtype: type) -> np.ndarray:
    """As `scale_to_bytes`; with float32 for `dtype` to 0..1, without rounding to steps."""
    scaled: np.ndarray = np.zeros(pixels.shape, dtype=dtype)
    low, high = finite_range(pixels)
    if not high > low:
        return scaled
    if pixels.dtype == np.uint16:  # each value once, then looked up
        every = np.arange(1 << 16, dtype=np.float64).clip(low, high)
        return _scaled(every, low, high, dtype).astype(dtype)[pixels]
    for rows in row_blocks(pixels.shape):
        deep = np.nan_to_num(pixels[rows].astype(np.float64), nan=low, posinf=high, neginf=low)
        scaled[rows] = _scaled(deep, low, high, dtype)
    return scaled


def _scaled(deep: np.ndarray, low: float, high: float, dtype: type) -> np.ndarray:
    """Values from `low` to `high` as those of `dtype`, float64."""
    values: np.ndarray = BRIGHTEST[dtype] * (deep - low) / (high - low)
    return np.round(values) if dtype is np.uint8 else values


def finite_range(pixels: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest finite pixel; infinity and its negative where there is none."""
    if pixels.dtype.kind != "f":
        return float(pixels.min()), float(pixels.max())
    blocks = [pixels[rows][np.isfinite(pixels[rows])] for rows in row_blocks(pixels.shape)]
    low = min(float(block.min(initial=np.inf)) for block in blocks)
    return low, max(float(block.max(initial=-np.inf)) for block in blocks)
