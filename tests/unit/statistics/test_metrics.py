"""Weighted metrics equal scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from cxr.statistics.metrics import average_precision, roc_auc, youden_threshold


def scored(seed, n=90):
    """Labels of three classes, and their scores in steps of 0.01, with ties."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    scores = rng.dirichlet(np.ones(3), n) + 0.7 * np.eye(3)[labels] * rng.random((n, 1))
    return labels, np.round(scores / scores.sum(axis=1, keepdims=True), 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_weighted_auc_equals_scikit_learns(seed):
    labels, scores = scored(seed)
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(labels))).astype(float)
    ours = roc_auc(scores[:, 0], labels == 0, weights)
    theirs = [metrics.roc_auc_score(labels == 0, scores[:, 0], sample_weight=w) for w in weights]
    np.testing.assert_allclose(ours, theirs)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_weighted_average_precision_equals_scikit_learns(seed):
    labels, scores = scored(seed)
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(labels))).astype(float)
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
