"""The distance of new images from those of the training, and its place among held-out images."""

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.preprocessing import normalize

from cxr.inference.distance import TrainingDistance, percentiles


def test_it_is_the_larger_mahalanobis_distance_relative_to_held_out_images(rng):
    centre = np.array([3.0, 2, 1, 4])
    train, held_out, points = (rng.normal(size=(n, 4)) + centre for n in (20_000, 51, 6))
    relative = []
    for of in (np.asarray, normalize):
        middle, inverse = of(train).mean(axis=0), np.linalg.inv(np.cov(of(train).T))
        known, new = (
            np.array([mahalanobis(row, middle, inverse) for row in of(rows)])
            for rows in (held_out, points)
        )
        relative.append(new / np.median(known))
    found = TrainingDistance(train, held_out).of(points)
    assert found == pytest.approx(np.max(relative, axis=0), rel=0.05)


def test_it_is_defined_with_fewer_images_than_outputs_and_grows_with_the_difference(rng):
    centre = np.abs(rng.normal(size=200)) + 1
    train, held_out, alike = (rng.normal(size=(n, 200)) * 0.3 + centre for n in (40, 30, 30))
    distance = TrainingDistance(train, held_out)
    other = alike + 0.5 * np.abs(rng.normal(size=200))
    assert distance.of(other).min() > distance.of(alike).max()
    # Images that differ in the norm of their outputs alone differ, too.
    assert distance.of(3 * alike).min() > distance.of(alike).max()


def test_no_image_no_output_and_no_held_out_image_have_distances(rng):
    train, held_out = rng.normal(size=(50, 5)) + 2, rng.normal(size=(7, 5)) + 2
    distance = TrainingDistance(train, held_out)
    assert np.isfinite(distance.of(np.zeros((1, 5)))).all()
    assert distance.of(np.zeros((0, 0))).shape == (0,)
    assert np.isfinite(TrainingDistance(train, held_out[:0]).of(held_out)).all()


def test_a_percentile_counts_the_held_out_images_that_are_nearer():
    held_out = np.array([0.1, 0.2, 0.2, 0.3])
    found = percentiles(np.array([0.05, 0.1, 0.2, 0.25, 9]), held_out)
    assert found.tolist() == [0, 12.5, 50, 75, 100]
    assert np.isnan(percentiles(np.ones(2), np.zeros(0))).all()
