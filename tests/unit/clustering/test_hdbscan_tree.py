"""HDBSCAN's clusters from one tree are those of a fit for each size."""

import numpy as np
import pytest
from hdbscan import HDBSCAN
from hdbscan.hdbscan_ import _tree_to_labels
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from cxr.clustering.hdbscan_tree import hdbscan_labels, link

SIZES = (2, 5, 9, 18)


def clouds(seed, n, d, k):
    """Points about k centres."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 3, (k, d))[rng.integers(0, k, n)] + rng.normal(size=(n, d))


def assert_same(ours, expected):
    """The same clusters, whatever their numbers."""
    np.testing.assert_array_equal(ours < 0, expected < 0)
    assert adjusted_rand_score(ours, expected) == 1


CLOUDS = (st.integers(0, 2**32 - 1), st.integers(20, 120), st.integers(1, 10), st.integers(1, 5))


@settings(max_examples=30, deadline=None)
@given(*CLOUDS)
def test_they_equal_those_of_hdbscan(seed, n, d, k):
    # Of one neighbour no distances are equal, so that there is one tree.
    points = clouds(seed, n, d, k)
    for size, ours in zip(SIZES, hdbscan_labels(points, SIZES, 1), strict=True):
        model = HDBSCAN(min_cluster_size=size, min_samples=1, algorithm="generic")
        assert_same(ours, model.fit_predict(points))


@settings(max_examples=30, deadline=None)
@given(*CLOUDS, st.integers(2, 9))
def test_the_tree_is_as_long_and_hdbscan_cuts_it_in_the_same_way(seed, n, d, k, min_samples):
    points = clouds(seed, n, d, k)
    children, distances, sizes = link(points, min_samples)
    model = HDBSCAN(min_samples=min_samples, algorithm="generic").fit(points)
    np.testing.assert_allclose(distances, model.single_linkage_tree_.to_numpy()[:, 2])
    tree = np.column_stack([children, distances, sizes[n:]])
    for size, ours in zip(SIZES, hdbscan_labels(points, SIZES, min_samples), strict=True):
        assert_same(ours, _tree_to_labels(points, tree, size)[0])


def test_clusters_are_numbered_by_their_first_points(rng):
    points = np.repeat([[9.0, 9.0], [0.0, 0.0], [9.0, 0.0]], 20, axis=0)
    labels = hdbscan_labels(points + 0.1 * rng.normal(size=(60, 2)), [10], 3)[0]
    np.testing.assert_array_equal(labels, np.repeat([0, 1, 2], 20))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_too_few_points_have_no_clusters(n):
    assert (hdbscan_labels(np.zeros((n, 3)), [2], 5) == -1).all()


def test_points_on_one_place_are_no_error():
    labels = hdbscan_labels(np.repeat([[0.0], [5.0]], 20, axis=0), [5], 5)[0]
    np.testing.assert_array_equal(labels, np.repeat([0, 1], 20))
