"""Metrics equal scikit-learn's, and their intervals are those of drawing whole patients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics

from cxr.evaluation import auc_of, evaluate, evaluate_splits

CLASSES = ["a", "b", "c"]


def case(seed, n=90, patients=40):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    scores = rng.dirichlet(np.ones(3), n) + 0.7 * np.eye(3)[labels] * rng.random((n, 1))
    owners = np.array([f"p{p}" for p in rng.integers(0, patients, n)])
    return labels, np.round(scores / scores.sum(axis=1, keepdims=True), 2), owners


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_values_equal_scikit_learn(seed):
    labels, scores, owners = case(seed)
    result = evaluate(labels, scores, owners, CLASSES, replicates=5, seed=0)
    predicted = scores.argmax(axis=1)
    assert result["confusion"] == metrics.confusion_matrix(labels, predicted).tolist()
    assert result["accuracy"]["value"] == pytest.approx(metrics.accuracy_score(labels, predicted))
    expected = metrics.balanced_accuracy_score(labels, predicted)
    assert result["balanced_accuracy"]["value"] == pytest.approx(expected, abs=1e-6)
    expected = metrics.f1_score(labels, predicted, average="macro")
    assert result["macro_f1"]["value"] == pytest.approx(expected, abs=1e-6)
    for k, name in enumerate(CLASSES):
        rates = result["per_class"][name]
        truth, called = labels == k, predicted == k
        assert rates["recall"]["value"] == pytest.approx(
            metrics.recall_score(truth, called), abs=1e-6
        )
        assert rates["specificity"]["value"] == pytest.approx(
            metrics.recall_score(~truth, ~called), abs=1e-6
        )
        assert rates["roc_auc"]["value"] == pytest.approx(
            metrics.roc_auc_score(truth, scores[:, k]), abs=1e-6
        )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_the_weighted_auc_equals_scikit_learns(seed):
    labels, scores, _ = case(seed)
    weights = np.random.default_rng(seed).integers(0, 4, (3, len(labels))).astype(float)
    ours = auc_of(scores[:, 0], labels == 0, weights)
    theirs = [metrics.roc_auc_score(labels == 0, scores[:, 0], sample_weight=w) for w in weights]
    np.testing.assert_allclose(ours, theirs)


def test_intervals_are_those_of_drawing_whole_patients():
    labels, scores, owners = case(1)
    result = evaluate(labels, scores, owners, CLASSES, replicates=4000, seed=0)
    rng = np.random.default_rng(9)
    names = np.unique(owners)
    drawn = []
    for _ in range(4000):
        rows = np.concatenate([np.flatnonzero(owners == p) for p in rng.choice(names, len(names))])
        drawn.append((labels[rows] == scores[rows].argmax(axis=1)).mean())
    low, high = np.percentile(drawn, [2.5, 97.5])
    assert result["accuracy"]["low"] == pytest.approx(low, abs=0.01)
    assert result["accuracy"]["high"] == pytest.approx(high, abs=0.01)


def test_more_images_of_the_same_patients_do_not_narrow_the_interval():
    labels, scores, owners = case(2)
    once = evaluate(labels, scores, owners, CLASSES, replicates=2000, seed=0)["accuracy"]
    tripled = (np.tile(labels, 3), np.tile(scores, (3, 1)), np.tile(owners, 3))
    thrice = evaluate(*tripled, CLASSES, replicates=2000, seed=0)["accuracy"]
    assert thrice == once


def test_what_is_not_defined_is_null():
    labels, scores = np.zeros(4, dtype=int), np.tile([0.9, 0.05, 0.05], (4, 1))
    result = evaluate(labels, scores, np.array(list("wxyz")), CLASSES, replicates=50, seed=0)
    nothing = {"value": None, "low": None, "high": None}
    assert result["per_class"]["b"]["recall"] == nothing
    assert result["per_class"]["a"]["specificity"] == nothing
    assert result["roc_auc"] == nothing


def test_a_share_of_one_is_not_certain():
    labels, owners = np.array([0, 0, 0, 1, 1, 1]), np.array(list("aabcde"))
    scores = np.eye(3)[labels]
    result = evaluate(labels, scores, owners, CLASSES, replicates=50, seed=0)
    exact = binomtest(5, 5).proportion_ci(0.95, method="exact").low
    assert result["accuracy"] == {"value": 1.0, "low": pytest.approx(exact, abs=1e-6), "high": 1.0}
    exact = binomtest(2, 2).proportion_ci(0.95, method="exact").low
    assert result["per_class"]["a"]["recall"]["low"] == pytest.approx(exact, abs=1e-6)
    assert result["per_class"]["a"]["f1"] == {"value": 1.0, "low": None, "high": None}
    constant = evaluate(labels, np.tile([1.0, 0, 0], (6, 1)), owners, CLASSES, 50, 0)
    assert constant["per_class"]["a"]["roc_auc"] == {"value": 0.5, "low": None, "high": None}


def test_each_split_is_measured_by_itself():
    labels, scores, owners = case(3)
    cohort = pd.DataFrame(
        {
            "class": np.array(CLASSES)[labels],
            "patient_id": owners,
            "split": np.repeat(["train", "validation", "test"], 30),
        }
    )
    document = evaluate_splits(cohort, scores, CLASSES, seed=0, replicates=20)
    assert [part["images"] for part in document["splits"].values()] == [30, 30, 30]
    test = evaluate(labels[60:], scores[60:], owners[60:], CLASSES, replicates=20, seed=0)
    assert document["splits"]["test"] == test
