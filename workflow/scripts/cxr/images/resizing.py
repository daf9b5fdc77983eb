"""Pillow's Lanczos filter, bit for bit, in less time for large images."""

import math
from functools import lru_cache

import numpy as np
from PIL import Image

# Smaller images are done before a compiled kernel is loaded.
LARGE = 400_000  # pixels
# Images that are much taller Pillow filters in another order.
MOST_TALL = 1.5
LOBES = 3

# Where the weights of each output pixel begin among the input's pixels, where among all weights,
# and these.
Weights = tuple[np.ndarray, np.ndarray, np.ndarray]


def resized(grey: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image at another size, as `Image.resize` of Pillow with LANCZOS makes it.

    Parameters
    ----------
    grey : uint8 array, shape (h, w)
    width, height : int
        Of the result, pixels.

    Returns
    -------
    uint8 array, shape (height, width)
    """
    h, w = grey.shape
    if grey.size < LARGE or h > MOST_TALL * w or width >= w or height >= h:
        return np.array(Image.fromarray(grey).resize((width, height), Image.Resampling.LANCZOS))
    from cxr.images.resizing_kernels import BITS, filter_columns, filter_rows

    between = np.empty((h, width), np.uint8)
    filter_rows(np.ascontiguousarray(grey), *_weights(w, width, BITS), between)
    result = np.empty((height, width), np.uint8)
    filter_columns(between, *_weights(h, height, BITS), result)
    return result


@lru_cache(maxsize=256)
def _weights(n: int, size: int, bits: int) -> Weights:
    """The weights, of so many bits, by which a line of n pixels becomes one of `size` fewer."""
    scale = n / size
    support = LOBES * scale
    starts, of_pixels = [], []
    for pixel in range(size):
        centre = (pixel + 0.5) * scale
        start, end = max(0, int(centre - support + 0.5)), min(n, int(centre + support + 0.5))
        values = [_lanczos((i - centre + 0.5) * (1 / scale)) for i in range(start, end)]
        total = 0.0
        for value in values:  # in this order, without `sum`, which rounds otherwise
            total += value
        starts.append(start)
        of_pixels.append([_whole(value / total * (1 << bits)) for value in values])
    ends = np.cumsum([0, *map(len, of_pixels)], dtype=np.int64)
    return np.array(starts, np.int64), ends, np.concatenate(of_pixels).astype(np.int32)


def _lanczos(x: float) -> float:
    return _sinc(x) * _sinc(x / LOBES) if -LOBES <= x < LOBES else 0.0


def _sinc(x: float) -> float:
    return math.sin(x * math.pi) / (x * math.pi) if x else 1.0


def _whole(value: float) -> int:
    """The nearest whole number; of two, that farther from 0."""
    return int(math.copysign(0.5, value) + value)
