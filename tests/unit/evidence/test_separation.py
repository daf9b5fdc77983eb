"""Clusters that are in the features are separated in held-out patients."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from cxr.evidence.search import SearchGrid
from cxr.evidence.separation import separation_test
from tests.helpers.null_features import draw, patients

GRID = SearchGrid(
    (5.0, 10.0, 20.0), tuple(i / 10 for i in range(1, 20)), tuple(range(5, 20)), 3, 8, 1 / 3
)


def test_planted_clusters_are_apart_in_held_out_patients():
    points, _ = make_blobs(150, 20, centers=3, cluster_std=1.0, center_box=(-4, 4), random_state=1)
    result = separation_test(points, np.arange(150).astype(str), GRID, 5, 0)
    assert result["p"] < 0.01
    assert result["halves"] == 10
    assert result["halves_with_clusters"] == 10
    assert result["silhouette"] > 0.5


def test_one_cloud_is_not():
    small = 0
    for seed in range(10):
        features = draw("rectified", np.random.default_rng(seed))
        small += separation_test(features, patients(), GRID, 5, seed)["p"] <= 0.05
    assert small <= 2


@pytest.mark.parametrize("long", [1, 2])
def test_one_long_cloud_is_not_either(long):
    """Clusters found in it lie in a row: what is between two is left out of no test."""
    for seed in range(2):
        features = np.random.default_rng(seed).normal(size=(500, 8))
        features[:, :long] *= 10
        assert separation_test(features, np.arange(500).astype(str), GRID, 3, seed)["p"] > 0.05


def test_without_clusters_in_the_halves_nothing_is_apart(rng):
    lone = SearchGrid((5.0,), (1e-6,), (5,), 3, 8, 1 / 3)
    result = separation_test(rng.normal(size=(60, 3)), np.arange(60).astype(str), lone, 5, 0)
    assert result == {"p": 1.0, "halves": 10, "halves_with_clusters": 0, "silhouette": None}


def test_of_a_large_half_a_sample_is_searched_and_all_others_are_tested():
    centres = 5 * np.eye(3, 8)
    rng = np.random.default_rng(0)
    group = rng.choice(3, 4000, p=[0.5, 0.3, 0.2])
    features = rng.normal(size=(4000, 8))
    owners = np.arange(4000).astype(str)
    grid = SearchGrid((15.0,), tuple(i / 10 for i in range(1, 20)), (5, 8), 3, 8, 1 / 3)
    assert separation_test(features + centres[group], owners, grid, 3, 0, 200)["p"] < 0.01
    assert separation_test(features, owners, grid, 3, 0, 200)["p"] > 0.05
