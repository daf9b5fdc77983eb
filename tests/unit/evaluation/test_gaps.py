"""Rates are compared among images of the same true classes."""

import numpy as np
import pytest
from sklearn import metrics

from cxr.evaluation.gaps import Placements, differences


def sides(labels, probabilities, inside):
    placements = Placements(labels, probabilities)
    return [placements.sums(side[None].astype(float)) for side in (inside, ~inside)]


@pytest.fixture
def images(rng):
    labels = rng.integers(0, 3, 300)
    scores = rng.dirichlet(np.ones(3), 300) + 0.5 * np.eye(3)[labels]
    return labels, np.round(scores, 2), rng.random(300) < 0.4


def test_a_sensitivity_is_compared_as_it_is(images):
    labels, scores, inside = images
    hit = scores.argmax(axis=1) == 1
    of_class = labels == 1
    expected = hit[of_class & inside].mean() - hit[of_class & ~inside].mean()
    assert differences("sensitivity", 1, [1], *sides(*images))[0] == pytest.approx(expected)


def test_a_specificity_is_compared_within_each_other_class(images):
    labels, scores, inside = images
    passed = scores.argmax(axis=1) != 1
    total = mass = 0
    for other in (0, 2):
        rows = labels == other
        n = [(rows & inside).sum(), (rows & ~inside).sum()]
        gap = passed[rows & inside].mean() - passed[rows & ~inside].mean()
        total, mass = total + gap * n[0] * n[1] / sum(n), mass + n[0] * n[1] / sum(n)
    found = differences("specificity", 1, [0, 2], *sides(*images))[0]
    assert found == pytest.approx(total / mass)


def test_placements_have_the_auc_as_their_mean(images):
    labels, scores, _ = images
    sums = Placements(labels, scores).sums(np.ones((1, 300)))
    for k, other in ((0, 1), (2, 0)):
        rows = (labels == k) | (labels == other)
        expected = metrics.roc_auc_score(labels[rows] == k, scores[rows, k])
        assert sums.above[0, k, other] / sums.sizes[0, k] == pytest.approx(expected)
        assert sums.below[0, k, other] / sums.sizes[0, other] == pytest.approx(expected)


def test_a_difference_of_aucs_is_nearly_that_of_the_aucs(images):
    labels, scores, inside = images
    labels = np.minimum(labels, 1)
    exact = np.subtract(
        *(metrics.roc_auc_score(labels[s] == 1, scores[s, 1]) for s in (inside, ~inside))
    )
    found = differences("roc_auc", 1, [0], *sides(labels, scores[:, :2], inside))[0]
    assert found == pytest.approx(exact, abs=0.01)


def test_without_a_common_class_nothing_is_defined(images):
    labels, scores, _ = images
    assert np.isnan(differences("specificity", 1, [0, 2], *sides(labels, scores, labels == 1))[0])
