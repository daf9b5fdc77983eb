"""All pairs of 64-bit hashes that differ in few bits, exactly.

A pair that differs in at most `bits` bits differs in at most a quarter of them in one of four
bands of 16 bits. Each hash is therefore compared with those in the buckets of a band that are so
near, unless that is more work than to compare all with all, as it is where many hashes are alike
or many bits may differ.

References
----------
M. Norouzi, A. Punjani, D. J. Fleet, "Fast exact search in Hamming space with multi-index
hashing", IEEE TPAMI 36(6), 2014.
"""

import numpy as np

from cxr.core.numba_cache import kernel

BANDS, WIDTH = 4, 16
BUCKETS = 2**WIDTH
# A hash out of its place in memory, or a bucket, costs as much as so many hashes in a row.
DETOUR = 4


def near_pairs(hashes: np.ndarray, bits: int) -> np.ndarray:
    """The pairs of hashes whose Hamming distance is at most `bits`.

    Parameters
    ----------
    hashes : uint64 array, shape (n,)
    bits : int

    Returns
    -------
    int64 array, shape (pairs, 2)
        Positions, the smaller one first, ascending.
    """
    within = bits // BANDS
    masks = np.flatnonzero(np.bitwise_count(np.arange(BUCKETS, dtype=np.uint32)) <= within)
    order, starts = _buckets(hashes)
    n, comparisons = len(hashes), len(hashes) ** 2 // 2
    if DETOUR * BANDS * n * len(masks) < comparisons and (
        DETOUR * _candidates(np.diff(starts), masks) < comparisons
    ):
        pairs = _by_bands(hashes, bits, within, masks, order, starts)
        return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return _by_all(hashes, bits)


def _buckets(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By band the positions of hashes in the order of their buckets, and where each begins."""
    order = np.empty((BANDS, len(hashes)), dtype=np.int64)
    starts = np.zeros((BANDS, BUCKETS + 1), dtype=np.int64)
    for band in range(BANDS):
        values = (hashes >> np.uint64(band * WIDTH)).astype(np.uint16)
        order[band] = np.argsort(values, kind="stable")
        np.cumsum(np.bincount(values, minlength=BUCKETS), out=starts[band, 1:])
    return order, starts


@kernel
def _candidates(sizes: np.ndarray, masks: np.ndarray) -> int:
    """How many hashes are compared, each with those of the buckets that are near it."""
    total = 0
    for band in range(BANDS):
        for bucket in range(BUCKETS):
            if sizes[band, bucket]:
                for mask in masks:
                    total += sizes[band, bucket] * sizes[band, bucket ^ mask]
    return total


@kernel
def _distance(first: np.uint64, second: np.uint64) -> np.int64:
    """How many bits differ."""
    x = first ^ second
    x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def _grown(pairs: np.ndarray) -> np.ndarray:
    """The same pairs in twice the room."""
    larger = np.empty((2 * len(pairs), 2), dtype=np.int64)
    larger[: len(pairs)] = pairs
    return larger


@kernel
def _by_all(hashes: np.ndarray, bits: int) -> np.ndarray:
    """The pairs, in order, by comparing all with all."""
    pairs, found = np.empty((1024, 2), dtype=np.int64), 0
    for i in range(len(hashes)):
        near = 0  # counted first: a loop without a branch is many times as fast
        for j in range(i + 1, len(hashes)):
            near += int(_distance(hashes[i], hashes[j]) <= bits)
        if near == 0:
            continue
        for j in range(i + 1, len(hashes)):
            if _distance(hashes[i], hashes[j]) <= bits:
                if found == len(pairs):
                    pairs = _grown(pairs)
                pairs[found, 0], pairs[found, 1] = i, j
                found += 1
    return pairs[:found].copy()


@kernel
def _is_first_band(first: np.uint64, second: np.uint64, band: int, within: int) -> bool:
    """Whether no earlier band proposes the pair as well."""
    for earlier in range(band):
        shift = np.uint64(earlier * WIDTH)
        mask = np.uint64(BUCKETS - 1)
        if _distance((first >> shift) & mask, (second >> shift) & mask) <= within:
            return False
    return True


@kernel
def _by_bands(
    hashes: np.ndarray,
    bits: int,
    within: int,
    masks: np.ndarray,
    order: np.ndarray,
    starts: np.ndarray,
) -> np.ndarray:
    """The pairs, each once, in the order in which the bands propose them."""
    pairs, found = np.empty((1024, 2), dtype=np.int64), 0
    for band in range(BANDS):
        # Neighbours in a bucket are neighbours in memory.
        inside = hashes[order[band]]
        for bucket in range(BUCKETS):
            for mask in masks:
                other = bucket ^ mask
                if other < bucket:
                    continue
                for a in range(starts[band, bucket], starts[band, bucket + 1]):
                    begin = a + 1 if other == bucket else starts[band, other]
                    for b in range(begin, starts[band, other + 1]):
                        if _distance(inside[a], inside[b]) > bits:
                            continue
                        if not _is_first_band(inside[a], inside[b], band, within):
                            continue
                        if found == len(pairs):
                            pairs = _grown(pairs)
                        i, j = order[band, a], order[band, b]
                        pairs[found, 0], pairs[found, 1] = min(i, j), max(i, j)
                        found += 1
    return pairs[:found].copy()
