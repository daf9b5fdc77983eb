"""Weighted metrics equal scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from cxr.statistics.metrics import (
    average_precision,
    calibration_curve,
    class_rates,
    roc_auc,
    youden_threshold,
)


def scored(seed, n=90):
    """Labels of three classes, and their scores in steps of 0.01, with ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    scores = rng.dirichlet(np.ones(3), n) + 0.7 * np.eye(3)[labels] * rng.random((n, 1))
    return labels, np.round(scores / scores.sum(axis=1, keepdims=True), 2)


def weightings(seed, labels):
    """Three weightings of the images, in which neither side is without weight."""
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(labels))).astype(float)
    weights[:, [np.argmax(labels == 0), np.argmax(labels != 0)]] += 1
    return weights


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_weighted_auc_equals_scikit_learns(seed):
    labels, scores = scored(seed)
    weights = weightings(seed, labels)
    ours = roc_auc(scores[:, 0], labels == 0, weights)
    theirs = [metrics.roc_auc_score(labels == 0, scores[:, 0], sample_weight=w) for w in weights]
    np.testing.assert_allclose(ours, theirs)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_weighted_average_precision_equals_scikit_learns(seed):
    labels, scores = scored(seed)
    weights = weightings(seed, labels)
    ours = average_precision(scores[:, 0], labels == 0, weights)
    theirs = [
        metrics.average_precision_score(labels == 0, scores[:, 0], sample_weight=w) for w in weights
    ]
    np.testing.assert_allclose(ours, theirs)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_no_threshold_is_better_than_the_selected_one(seed):
    labels, scores = scored(seed, n=30)
    positive = labels == 0
    if positive.all() or not positive.any():
        assert np.isnan(youden_threshold(scores[:, 0], positive))
        return

    def youden(threshold):
        called = scores[:, 0] >= threshold
        return called[positive].mean() - called[~positive].mean()

    selected = youden_threshold(scores[:, 0], positive)
    assert youden(selected) == pytest.approx(max(youden(t) for t in scores[:, 0]))


def test_the_rates_of_classes_are_scikit_learns(rng):
    labels, predicted = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    confusions = np.stack([metrics.confusion_matrix(labels, predicted), np.diag([3, 4, 5])])
    rates = class_rates(confusions.astype(float))
    expected = metrics.precision_recall_fscore_support(labels, predicted)
    for name, values in zip(("precision", "recall", "f1"), expected[:3], strict=True):
        np.testing.assert_allclose(rates[name][0], values)
    np.testing.assert_array_equal(rates["sensitivity"], rates["recall"])
    for k in range(3):
        rest = metrics.recall_score(labels == k, predicted == k, pos_label=False)
        assert rates["specificity"][0, k] == pytest.approx(rest)
    assert all((rates[name][1] == 1).all() for name in rates)


def test_the_rates_of_a_published_table():
    """Altman and Bland (1994): liver scans, 231 of 258 abnormal and 54 of 86 normal ones right."""
    rates = class_rates(np.array([[[54.0, 32], [27, 231]]]))
    assert rates["sensitivity"][0, 1] == pytest.approx(0.895, abs=5e-4)
    assert rates["specificity"][0, 1] == pytest.approx(0.628, abs=5e-4)
    assert rates["precision"][0, 1] == pytest.approx(0.878, abs=5e-4)
    assert rates["f1"][0, 1] == pytest.approx(2 * 231 / (2 * 231 + 32 + 27))


def test_the_expected_calibration_error_by_hand():
    # Bins of 0.9 (two, one right), 1.0 (the last one too, right) and 0.3 (one, wrong).
    confidence = np.array([0.92, 0.98, 1.0, 0.35])
    correct = np.array([True, False, True, False])
    curve = calibration_curve(confidence, correct, np.array([[1.0, 1, 1, 1], [1, 0, 0, 3]]))
    assert curve["mass"][0].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 3]
    assert curve["accuracy"][0, 9] == pytest.approx(2 / 3)
    assert curve["confidence"][0, 9] == pytest.approx(2.9 / 3)
    assert np.isnan(curve["accuracy"][0, 0])
    assert curve["ece"][0] == pytest.approx((2.9 - 2 + 0.35) / 4)
    assert curve["ece"][1] == pytest.approx((0.08 + 3 * 0.35) / 4)
    assert calibration_curve(np.array([0.1]), np.array([True]), np.ones((1, 1)))["mass"][0, 1] == 1


def test_ranks_by_hand():
    """Three positives and two negatives, one pair tied: 4.5 of 6 pairs are in order."""
    scores, positive = np.array([0.9, 0.8, 0.8, 0.3, 0.2]), np.array([1, 1, 0, 1, 0], bool)
    assert roc_auc(scores, positive, np.ones((1, 5))) == pytest.approx(4.5 / 6)
    expected = (1 + 2 / 3 + 3 / 4) / 3
    assert average_precision(scores, positive, np.ones((1, 5))) == pytest.approx(expected)
    nothing = np.zeros((1, 5))
    assert np.isnan(roc_auc(scores, positive, nothing))
    assert np.isnan(average_precision(scores, positive, nothing))
    assert np.isnan(roc_auc(scores, positive, positive[None] * 1.0))


def test_youdens_threshold_by_hand():
    scores, positive = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1], bool)
    assert youden_threshold(scores, positive) == 0.8, "the highest of two equally good ones"
    assert youden_threshold(np.array([0.2, 0.6, 0.7]), np.array([0, 1, 1], bool)) == 0.6
    # Where every score is on the wrong side, all are called positive, J = 0.
    assert youden_threshold(np.array([0.9, 0.2]), np.array([0, 1], bool)) == 0.2
    assert np.isnan(youden_threshold(scores, np.zeros(4, bool)))
    assert np.isnan(youden_threshold(scores, np.ones(4, bool)))
