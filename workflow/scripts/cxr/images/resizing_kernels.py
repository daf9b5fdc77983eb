"""The compiled part of `cxr.images.resizing`: weights, and sums of bytes times these."""

import math

import numpy as np

from cxr.core.numba_cache import kernel

BITS = 22  # of the fraction of a weight, as in Pillow
HALF = 1 << (BITS - 1)
LOBES = 3


@kernel
def _sinc(x: float) -> float:
    return math.sin(x * math.pi) / (x * math.pi) if x != 0 else 1.0


@kernel
def filter_weights(n: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The weights by which a line of n pixels becomes one of fewer, `size`, pixels.

    Returns
    -------
    starts : int64 array, shape (size,)
        Where among the n pixels the weights of each begin.
    ends : int64 array, shape (size + 1,)
        Where these begin, and end, among all weights.
    weights : int32 array
        In steps of 2 ** -22.
    """
    scale = n / size
    support = LOBES * scale
    step = 1.0 / scale
    starts, ends = np.empty(size, np.int64), np.zeros(size + 1, np.int64)
    weights = np.empty(size * (2 * math.ceil(support) + 1), np.int32)
    values = np.empty(2 * math.ceil(support) + 1)
    for pixel in range(size):
        centre = (pixel + 0.5) * scale
        start, end = max(0, int(centre - support + 0.5)), min(n, int(centre + support + 0.5))
        total = 0.0
        for i in range(end - start):
            x = (i + start - centre + 0.5) * step
            values[i] = _sinc(x) * _sinc(x / LOBES) if -LOBES <= x < LOBES else 0.0
            total += values[i]
        starts[pixel], ends[pixel + 1] = start, ends[pixel] + end - start
        for i in range(end - start):
            whole = values[i] / total * (1 << BITS)
            weights[ends[pixel] + i] = int(math.copysign(0.5, whole) + whole)
    return starts, ends, weights[: ends[size]]


@kernel
def filter_rows(
    grey: np.ndarray, starts: np.ndarray, ends: np.ndarray, weights: np.ndarray, result: np.ndarray
) -> None:
    """Writes each row of an image, filtered to fewer pixels, into `result`."""
    for y in range(result.shape[0]):
        for x in range(result.shape[1]):
            of_pixel = weights[ends[x] : ends[x + 1]]
            pixels = grey[y, starts[x] : starts[x] + len(of_pixel)]
            total = np.int32(HALF)
            for i in range(len(of_pixel)):
                total += np.int32(pixels[i]) * of_pixel[i]
            result[y, x] = min(max(total >> BITS, 0), 255)


@kernel
def filter_columns(
    grey: np.ndarray, starts: np.ndarray, ends: np.ndarray, weights: np.ndarray, result: np.ndarray
) -> None:
    """Writes each column of an image, filtered to fewer pixels, into `result`."""
    totals = np.empty(grey.shape[1], np.int32)
    for y in range(result.shape[0]):
        totals[:] = HALF
        for i in range(ends[y], ends[y + 1]):
            row, weight = grey[starts[y] + i - ends[y]], weights[i]
            for x in range(len(totals)):
                totals[x] += np.int32(row[x]) * weight
        for x in range(len(totals)):
            result[y, x] = min(max(totals[x] >> BITS, 0), 255)
