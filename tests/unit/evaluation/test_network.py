"""Metrics equal scikit-learn's, and their intervals are those of drawing whole patients."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics

from cxr.evaluation.classification import classification_metrics
from cxr.evaluation.network import evaluate_network, leakage
from cxr.statistics.metrics import calibration_curve, youden_threshold

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
    result = classification_metrics(labels, scores, owners, CLASSES, replicates=5, seed=0)
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


def test_intervals_are_those_of_drawing_whole_patients():
    labels, scores, owners = case(1)
    result = classification_metrics(labels, scores, owners, CLASSES, replicates=4000, seed=0)
    rng = np.random.default_rng(9)
    names = np.unique(owners)
    accuracies = []
    for _ in range(4000):
        rows = np.concatenate([np.flatnonzero(owners == p) for p in rng.choice(names, len(names))])
        accuracies.append((labels[rows] == scores[rows].argmax(axis=1)).mean())
    low, high = np.percentile(accuracies, [2.5, 97.5])
    assert result["accuracy"]["low"] == pytest.approx(low, abs=0.01)
    assert result["accuracy"]["high"] == pytest.approx(high, abs=0.01)


def test_more_images_of_the_same_patients_do_not_narrow_the_interval():
    labels, scores, owners = case(2)
    once = classification_metrics(labels, scores, owners, CLASSES, replicates=2000, seed=0)[
        "accuracy"
    ]
    tripled = (np.tile(labels, 3), np.tile(scores, (3, 1)), np.tile(owners, 3))
    thrice = classification_metrics(*tripled, CLASSES, replicates=2000, seed=0)["accuracy"]
    assert thrice == once


def test_what_is_not_defined_is_null():
    labels, scores = np.zeros(4, dtype=int), np.tile([0.9, 0.05, 0.05], (4, 1))
    result = classification_metrics(
        labels, scores, np.array(list("wxyz")), CLASSES, replicates=50, seed=0
    )
    nothing = {"value": None, "low": None, "high": None}
    assert result["per_class"]["b"]["recall"] == nothing
    assert result["per_class"]["a"]["specificity"] == nothing
    assert result["roc_auc"] == nothing


def test_a_share_of_one_is_not_certain():
    labels, owners = np.array([0, 0, 0, 1, 1, 1]), np.array(list("aabcde"))
    scores = np.eye(3)[labels]
    result = classification_metrics(labels, scores, owners, CLASSES, replicates=50, seed=0)
    exact = binomtest(5, 5).proportion_ci(0.95, method="exact").low
    assert result["accuracy"] == {"value": 1.0, "low": pytest.approx(exact, abs=1e-6), "high": 1.0}
    exact = binomtest(2, 2).proportion_ci(0.95, method="exact").low
    assert result["per_class"]["a"]["recall"]["low"] == pytest.approx(exact, abs=1e-6)
    assert result["per_class"]["a"]["f1"] == {"value": 1.0, "low": None, "high": None}
    constant = classification_metrics(labels, np.tile([1.0, 0, 0], (6, 1)), owners, CLASSES, 50, 0)
    assert constant["per_class"]["a"]["roc_auc"] == {"value": 0.5, "low": None, "high": None}


def test_the_calibration_error_is_its_definition():
    labels, scores, _ = case(4, n=400)
    confidence, correct = scores.max(axis=1), scores.argmax(axis=1) == labels
    curve = calibration_curve(confidence, correct, np.ones((1, 400)))
    error = 0.0
    for k in range(10):
        inside = (confidence >= k / 10) & (confidence < (k + 1) / 10 + (k == 9))
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    assert curve["ece"][0] == pytest.approx(error)
    document = classification_metrics(labels, scores, np.arange(400).astype(str), CLASSES, 50, 0)
    ece = document["ece"]
    assert ece["low"] <= ece["value"] <= ece["high"]
    assert ece["value"] < error, "its bias is taken off"
    assert sum(row["images"] for row in document["reliability"]) == 400


def predicted(seed, part, protocol, n=90, shift=0.0):
    labels, scores, owners = case(seed, n)
    scores = scores + shift * np.eye(3)[labels]
    scores /= scores.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {
            "image_id": [f"{i:03d}" for i in range(n)],
            "class": np.array(CLASSES)[labels],
            "split": np.tile(["train", "validation", "test"], n // 3),
            "predicted": np.array(CLASSES)[scores.argmax(axis=1)],
            "part": part,
            "protocol": protocol,
            **{f"probability_{name}": scores[:, k] for k, name in enumerate(CLASSES)},
        }
    )
    return table, pd.Series(owners, index=table["image_id"])


def owners_of(patients, joined=1):
    """Patients, the first so many of whom are kept together for their near duplicates."""
    codes = np.unique(patients, return_inverse=True)[1]
    return pd.DataFrame({"patient_id": patients, "split_group": np.where(codes < joined, 0, codes)})


def of_others(whole, study, owners):
    """The validation images that are kept together with none which a part tests."""
    groups = owners["split_group"]
    tested = set(groups[study.loc[study["split"] == "test", "image_id"]])
    held_out = whole.loc[whole["split"] == "validation"]
    return held_out.loc[[groups[image] not in tested for image in held_out["image_id"]]]


def test_splits_and_protocols_are_measured_by_themselves():
    study, patients = predicted(3, "study", "study")
    parts = pd.concat(
        [predicted(3, f"grouped-r1f{k}", "grouped", shift=0.1 * k)[0] for k in (1, 2)]
    )
    document = evaluate_network(study, parts, owners_of(patients), CLASSES, seed=0, replicates=20)
    assert [part["images"] for part in document["splits"].values()] == [30, 30, 30]
    assert document["protocols"]["grouped"]["images"] == 60
    assert document["leakage"] is None
    test = study.loc[study["split"] == "test"]
    held_out = of_others(study, study, owners_of(patients))
    for name in CLASSES:
        column = f"probability_{name}"
        threshold = youden_threshold(
            held_out[column].to_numpy(), (held_out["class"] == name).to_numpy()
        )
        called = test[column] >= threshold
        rates = document["splits"]["test"]["per_class"][name]["at_threshold"]
        assert rates["threshold"] == pytest.approx(threshold, abs=1e-6)
        expected = called[test["class"] == name].mean()
        assert rates["sensitivity"]["value"] == pytest.approx(expected, abs=1e-6)
        expected = 1 - called[test["class"] != name].mean()
        assert rates["specificity"]["value"] == pytest.approx(expected, abs=1e-6)


def test_folds_share_their_validation_images_but_none_sets_its_own_threshold():
    study, patients = predicted(3, "study", "study", n=240)
    parts = [predicted(k, f"grouped-r1f{k}", "grouped", n=240)[0] for k in (1, 2)]
    whole = pd.concat(parts)
    owners = owners_of(patients, joined=20)
    document = evaluate_network(study, whole, owners, CLASSES, seed=0, replicates=5)
    called, positive = [], []
    for part in parts:
        usable = of_others(whole, part, owners)
        assert 0 < len(usable) < len(of_others(whole, part, owners_of(patients))) < 160
        selected = youden_threshold(
            usable["probability_a"].to_numpy(), usable["class"].to_numpy() == "a"
        )
        test = part.loc[part["split"] == "test"]
        called.append(test["probability_a"] >= selected)
        positive.append(test["class"] == "a")
    rates = document["protocols"]["grouped"]["per_class"]["a"]["at_threshold"]
    correct = np.concatenate(called) == np.concatenate(positive)
    assert rates["accuracy"]["value"] == pytest.approx(correct.mean(), abs=1e-6)


def test_a_network_that_prefers_a_class_is_calibrated_on_others_images():
    study, patients = predicted(3, "study", "study", n=600, shift=0.6)
    columns = [f"probability_{name}" for name in CLASSES]
    study[columns[0]] *= 3
    study[columns] = study[columns].div(study[columns].sum(axis=1), axis=0)
    study["predicted"] = np.array(CLASSES)[study[columns].to_numpy().argmax(axis=1)]
    test = evaluate_network(study, pd.DataFrame(), owners_of(patients), CLASSES, 0, 5)["splits"][
        "test"
    ]
    assert test["calibrated"]["accuracy"]["value"] > test["accuracy"]["value"] + 0.05
    assert test["calibrated"]["ece"]["value"] < test["ece"]["value"]
    assert test["calibrated"]["roc_auc"]["value"] > 0.6


def test_thresholds_follow_the_validation_images_alone():
    study, patients = predicted(3, "study", "study")
    changed = study.copy()
    test = changed["split"] == "test"
    changed.loc[test, "class"] = "a"
    documents = [
        evaluate_network(table, pd.DataFrame(), owners_of(patients), CLASSES, seed=0, replicates=5)
        for table in (study, changed)
    ]
    thresholds = [
        [d["splits"]["test"]["per_class"][name]["at_threshold"]["threshold"] for name in CLASSES]
        for d in documents
    ]
    assert thresholds[0] == thresholds[1]


def test_the_leakage_gap_is_the_difference_of_accuracies_with_patients_drawn_for_both():
    study, patients = predicted(5, "study", "study")
    better, _ = predicted(5, "random-r1f1", "random", shift=0.4)
    gap = leakage(study, better, patients, CLASSES, 300, 0)["accuracy"]

    def accuracy(table):
        test = table.loc[table["split"] == "test"]
        return (test["class"] == test["predicted"]).mean()

    assert gap["value"] == pytest.approx(accuracy(better) - accuracy(study), abs=1e-6)
    assert gap["low"] < gap["value"] < gap["high"]
    same = leakage(study, study.assign(protocol="random"), patients, CLASSES, 300, 0)["accuracy"]
    assert same == {"value": 0.0, "low": None, "high": None}
