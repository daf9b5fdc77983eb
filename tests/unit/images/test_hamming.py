"""Hashes near to each other are all found, and no others."""

import numpy as np
import pytest

from cxr.images import hamming
from cxr.images.hamming import near_pairs


def exhaustive(hashes, bits):
    """The pairs by comparing all with all in NumPy, some rows at a time."""
    pairs = []
    for start in range(0, len(hashes), 500):
        distance = np.bitwise_count(hashes[start : start + 500, None] ^ hashes[None, :])
        first, second = np.nonzero(distance <= bits)
        pairs.append(np.stack([first + start, second], axis=1)[first + start < second])
    return np.concatenate([*pairs, np.empty((0, 2), np.int64)])


def planted(rng, n, copies):
    """Random hashes, and copies of some with up to 20 other bits, shuffled."""
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    for at in range(copies):
        flipped = rng.choice(64, rng.integers(0, 21), replace=False).astype(np.uint64)
        hashes[at] = hashes[-1 - at // 3] ^ np.bitwise_or.reduce(np.uint64(1) << flipped, initial=0)
    return rng.permutation(hashes)


@pytest.mark.parametrize("bits", [0, 3, 7, 8, 11, 20])
def test_pairs_are_those_of_an_exhaustive_comparison(rng, bits):
    hashes = planted(rng, 5000, 900)
    expected = exhaustive(hashes, bits)
    np.testing.assert_array_equal(near_pairs(hashes, bits), expected)
    assert len(expected) > 20


def test_pairs_of_20000_hashes_are_found_by_bands(rng, monkeypatch):
    hashes = planted(rng, 20_000, 3000)
    monkeypatch.setattr(hamming, "_by_all", None)
    np.testing.assert_array_equal(near_pairs(hashes, 8), exhaustive(hashes, 8))


@pytest.mark.parametrize("bits", [0, 8])
def test_hashes_that_are_alike_are_compared_all_with_all(rng, monkeypatch, bits):
    """Of 12 bits only: buckets of hundreds, three bands with one bucket each."""
    hashes = rng.integers(0, 2**12, 2500, dtype=np.uint64)
    monkeypatch.setattr(hamming, "_by_bands", None)
    np.testing.assert_array_equal(near_pairs(hashes, bits), exhaustive(hashes, bits))


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_hashes_have_no_pair(n):
    assert near_pairs(np.zeros(n, dtype=np.uint64), 8).shape == (0, 2)
