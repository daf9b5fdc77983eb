"""The compiled part of `cxr.images.resizing`: sums of bytes times weights in 32 bits."""

import numpy as np

from cxr.core.numba_cache import kernel

BITS = 22  # of the fraction of a weight, as in Pillow
HALF = 1 << (BITS - 1)


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
