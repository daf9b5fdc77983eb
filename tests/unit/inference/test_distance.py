"""The distance of new images from those of the training, and its place among held-out images."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.preprocessing import normalize

from cxr.inference.distance import TrainingDistance, percentiles


def test_with_many_images_it_is_the_mahalanobis_distance_of_directions(rng):
    centre = np.array([3.0, 2, 1, 4])
    train, points = rng.normal(size=(20_000, 4)) + centre, rng.normal(size=(6, 4)) + centre
    units = normalize(train)
    # Directions lie on a sphere, near a plane: the inverse of their covariance is still defined.
    inverse = np.linalg.inv(np.cov(units.T))
    expected = [mahalanobis(row, units.mean(axis=0), inverse) for row in normalize(points)]
    assert TrainingDistance(train).of(points) == pytest.approx(expected, rel=0.05)


def test_it_is_defined_with_fewer_images_than_outputs_and_grows_with_the_difference(rng):
    centre = np.abs(rng.normal(size=200)) + 1
    train, alike = (rng.normal(size=(n, 200)) * 0.3 + centre for n in (40, 30))
    distance = TrainingDistance(train)
    other = alike + 0.5 * np.abs(rng.normal(size=200))
    assert distance.of(other).min() > distance.of(alike).max()


def test_the_norm_of_an_image_means_nothing(rng):
    train, points = rng.normal(size=(50, 5)) + 2, rng.normal(size=(7, 5)) + 2
    distance = TrainingDistance(train)
    np.testing.assert_allclose(distance.of(3 * points), distance.of(points))
    assert np.isfinite(distance.of(np.zeros((1, 5)))).all()
    assert distance.of(np.zeros((0, 0))).shape == (0,)


def test_a_percentile_counts_the_held_out_images_that_are_nearer():
    held_out = np.array([0.1, 0.2, 0.2, 0.3])
    found = percentiles(np.array([0.05, 0.1, 0.2, 0.25, 9]), held_out)
    assert found.tolist() == [0, 12.5, 50, 75, 100]
    assert np.isnan(percentiles(np.ones(2), np.zeros(0))).all()
