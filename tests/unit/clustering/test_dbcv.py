"""DBCV is the number that hdbscan computes."""

import numpy as np
import pytest
from hdbscan.validity import validity_index
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr.clustering.dbcv import density_validity, map_validities


def distances(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(20, 150), st.integers(2, 6), st.booleans())
def test_it_equals_hdbscan(seed, n, k, tied):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.repeat(np.arange(k), 2), rng.integers(-1, k, n - 2 * k)])
    points = rng.normal(0, 3, (k, 2))[labels] + rng.normal(size=(n, 2))
    points = np.round(points, 1) if tied else points
    # Of the same distances, since rounding decides between trees where points are on a grid.
    expected = validity_index(distances(points), labels, metric="precomputed", d=2)
    assert density_validity(distances(points), labels, 2) == pytest.approx(expected, abs=1e-6)


def test_one_cluster_has_no_validity(rng):
    points = rng.normal(size=(20, 2))
    assert np.isnan(density_validity(distances(points), np.zeros(20, dtype=int), 2))
    assert np.isnan(density_validity(distances(points), np.full(20, -1), 2))


def test_points_on_one_place_are_no_error(rng):
    labels = np.repeat([0, 1], 10)
    points = np.zeros((20, 2)) + labels[:, None] * 5.0
    assert density_validity(distances(points), labels, 2) == 1.0


@pytest.mark.parametrize("n", [3, 61])
def test_the_clusterings_of_a_map_have_the_bytes_of_one_by_one(rng, n):
    points = rng.normal(size=(n, 2))
    labels = rng.integers(-1, 3, (5, n)).astype(np.int16)
    labels[0] = -1
    expected = [density_validity(distances(points), row.astype(np.int64), 2) for row in labels]
    np.testing.assert_array_equal(map_validities(points, labels), expected)
    assert len(map_validities(points, labels[:0])) == 0
