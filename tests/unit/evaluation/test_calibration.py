"""Calibration finds back what was done to probabilities, and does no harm without images."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from cxr.evaluation.calibration import Calibration


@pytest.mark.parametrize("classes", [2, 4])
def test_a_temperature_and_a_bias_are_found_back(classes, rng):
    truth = softmax(2 * rng.normal(size=(20_000, classes)), axis=1)
    labels = (truth.cumsum(axis=1) < rng.random((20_000, 1))).sum(axis=1)
    bias = np.linspace(-1, 1, classes)
    predicted = softmax(0.5 * np.log(truth) + bias, axis=1)
    calibration = Calibration.fit(predicted, labels)
    assert calibration.scale == pytest.approx(2, rel=0.1)
    np.testing.assert_allclose(calibration(predicted), truth, atol=0.03)


def test_it_gains_likelihood_and_keeps_probabilities(rng):
    predicted = softmax(3 * rng.normal(size=(60, 3)), axis=1)
    labels = rng.integers(0, 3, 60)
    calibrated = Calibration.fit(predicted, labels)(predicted)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    weights = 1 / np.bincount(labels)[labels]

    def likelihood(p):
        return weights @ log_softmax(np.log(p), axis=1)[np.arange(60), labels]

    assert likelihood(calibrated) > likelihood(predicted)


def test_without_images_or_with_one_class_nothing_breaks(rng):
    predicted = softmax(rng.normal(size=(5, 3)), axis=1)
    np.testing.assert_allclose(
        Calibration.fit(predicted[:0], np.zeros(0, int))(predicted), predicted
    )
    assert np.isfinite(Calibration.fit(predicted, np.full(5, 2))(predicted)).all()
    certain = np.eye(3)[[0, 1, 2]]
    assert np.isfinite(Calibration.fit(certain, np.array([0, 1, 1]))(certain)).all()
