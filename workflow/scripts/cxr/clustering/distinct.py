"""Clusterings of the same images, each kept once."""

import numpy as np

from cxr.core.numba_cache import kernel

FNV_OFFSET, FNV_PRIME = np.uint64(14695981039346656037), np.uint64(1099511628211)


@kernel
def renumber(labels: np.ndarray, number: np.ndarray) -> np.uint64:
    """Numbers clusters in the order of their first point, in place; a hash of the labels."""
    number[:] = -1
    count = 0
    digest = FNV_OFFSET
    for i in range(len(labels)):
        if labels[i] >= 0:
            if number[labels[i]] < 0:
                number[labels[i]] = count
                count += 1
            labels[i] = number[labels[i]]
        digest = (digest ^ np.uint64(labels[i] + 1)) * FNV_PRIME
    return digest


@kernel
def with_free_row(labels: np.ndarray, found: int) -> np.ndarray:
    """The labels, or where all rows are of the `found` clusterings a copy of twice as many rows."""
    if found < len(labels):
        return labels
    more = np.empty((2 * found, labels.shape[1]), labels.dtype)
    more[:found] = labels
    return more


@kernel
def keep_once(labels: np.ndarray, digests: np.ndarray, number: np.ndarray, found: int) -> int:
    """Renumbers the clustering in row `found`; the row that has it first, `found` if it is new.

    Parameters
    ----------
    labels : int16 array, shape (rows, n)
        The distinct clusterings so far, and the one to keep.
    digests : uint64 array, shape (rows,)
        Their hashes; that of row `found` is written.
    number : int16 array, shape (most clusters,)
        Room for the new numbers.
    """
    digests[found] = renumber(labels[found], number)
    known = 0
    while digests[known] != digests[found]:
        known += 1
    return known
