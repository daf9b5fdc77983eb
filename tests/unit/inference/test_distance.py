"""The distance of new images from those of the training, and its place among held-out images."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from cxr.inference.distance import BLOCK, nearest_distances, percentiles


@pytest.mark.parametrize("k", [1, 7, 30])
def test_distances_are_those_of_scikit_learn(k, rng):
    train, points = rng.normal(size=(30, 5)), rng.normal(size=(BLOCK + 3, 5))
    model = NearestNeighbors(n_neighbors=k).fit(normalize(train))
    expected = model.kneighbors(normalize(points))[0][:, -1]
    np.testing.assert_allclose(nearest_distances(train, points, k), expected, atol=1e-7)


def test_fewer_training_images_than_neighbours_all_count(rng):
    train = rng.normal(size=(4, 3))
    farthest = [np.linalg.norm(normalize(train) - row, axis=1).max() for row in normalize(train)]
    np.testing.assert_allclose(nearest_distances(train, train, 10), farthest, atol=1e-7)


def test_an_image_without_features_and_no_image_have_distances(rng):
    train = rng.normal(size=(4, 3))
    assert nearest_distances(train, np.zeros((0, 3))).shape == (0,)
    assert np.isfinite(nearest_distances(train, np.zeros((1, 3)))).all()


def test_a_percentile_counts_the_held_out_images_that_are_nearer():
    held_out = np.array([0.1, 0.2, 0.2, 0.3])
    found = percentiles(np.array([0.05, 0.1, 0.2, 0.25, 9]), held_out)
    assert found.tolist() == [0, 12.5, 50, 75, 100]
    assert np.isnan(percentiles(np.ones(2), np.zeros(0))).all()
