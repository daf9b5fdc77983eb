"""Metrics of tags equal scikit-learn's and fastai's definitions, and say what they hide."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from cxr.evaluation.multilabel import (
    CLASS_ALONE,
    NO_LABEL,
    accuracy_thresh,
    fbeta,
    multilabel_metrics,
)
from cxr.evaluation.tag_comparison import compare_tags, tag_precision


def case(seed, n=60, t=7, patients=25):
    """Two classes and five tags, some of no image, scores that know a little."""
    rng = np.random.default_rng(seed)
    truth = rng.random((n, t)) < 0.2
    truth[:, 0] = rng.random(n) < 0.5
    truth[:, 1] = ~truth[:, 0]
    scores = np.clip(0.3 * truth + 0.6 * rng.random((n, t)), 0, 1)
    return truth, scores, np.array([f"p{p}" for p in rng.integers(0, patients, n)])


def document(seed, replicates=20):
    truth, scores, owners = case(seed)
    return multilabel_metrics(truth, scores, owners, list("abcdefg"), 2, replicates, 0)


def fastai_fbeta(scores, truth, thresh=0.2, beta=2.0, eps=1e-9):
    """`fastai.metrics.fbeta` of fastai 1.0.61, in numpy."""
    beta2 = beta**2
    called, true = (scores > thresh).astype(float), truth.astype(float)
    hits = (called * true).sum(axis=1)
    precision, recall = hits / (called.sum(axis=1) + eps), hits / (true.sum(axis=1) + eps)
    return ((precision * recall) / (precision * beta2 + recall + eps) * (1 + beta2)).mean()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_both_metrics_are_those_of_fastai(seed):
    truth, scores, _ = case(seed)
    called = scores > 0.2
    # fastai 2 calls scikit-learn; `accuracy_multi` is the share of labels that are correct.
    expected = metrics.fbeta_score(truth, called, beta=2, average="samples", zero_division=0)
    assert fbeta(scores, truth).mean() == pytest.approx(expected)
    assert fbeta(scores, truth).mean() == pytest.approx(fastai_fbeta(scores, truth))
    correct = 1 - metrics.hamming_loss(truth, called)
    assert accuracy_thresh(scores, truth).mean() == pytest.approx(correct)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_each_labels_values_equal_scikit_learn(seed):
    truth, scores, _ = case(seed)
    values = document(seed)
    for k, label in enumerate("abcdefg"):
        label_metrics = values["per_label"][label]
        if not truth[:, k].any():
            assert label_metrics["average_precision"]["value"] is None
            continue
        expected = metrics.average_precision_score(truth[:, k], scores[:, k])
        assert label_metrics["average_precision"]["value"] == pytest.approx(expected, abs=1e-6)
        expected = metrics.f1_score(truth[:, k], scores[:, k] > 0.2)
        assert label_metrics["f1"]["value"] == pytest.approx(expected, abs=1e-6)
    assert values["occurring"] == truth.any(axis=0).sum()
    expected = metrics.f1_score(truth, scores > 0.2, average="macro")
    if truth.any(axis=0).all():
        assert values["macro_f1"]["value"] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_what_tags_add_is_measured_against_the_class(seed):
    truth, scores, _ = case(seed)
    values = document(seed)
    for k, label in enumerate("abcdefg"):
        label_metrics = values["per_label"][label]
        assert ("class_known" in label_metrics) == (k >= 2)
        if k < 2 or not truth[:, k].any():
            continue
        share = np.where(truth[:, 0], *(truth[truth[:, c], k].mean() for c in (0, 1)))
        expected = metrics.average_precision_score(truth[:, k], share)
        assert label_metrics["class_known"]["value"] == pytest.approx(expected, abs=1e-6)
        gain = label_metrics["average_precision"]["value"] - expected
        assert label_metrics["gain"]["value"] == pytest.approx(gain, abs=1e-5)
    silent = np.where(np.arange(7) < 2, scores, 0)
    expected = accuracy_thresh(silent, truth).mean()
    no_tag = values["without_tags"]
    assert no_tag["accuracy_thresh"]["value"] == pytest.approx(expected, abs=1e-6)
    gain = accuracy_thresh(scores, truth).mean() - expected
    assert no_tag["gain"]["value"] == pytest.approx(gain, abs=1e-5)


def test_a_score_of_the_original_is_that_of_the_class_alone():
    """349 positive images with three of 66 tags, 397 negative ones with one."""
    truth = np.zeros((746, 66), dtype=bool)
    truth[:349, :1] = truth[349:, 1:2] = True
    truth[:349, 2:4] = True
    label_metrics = multilabel_metrics(
        truth, truth.astype(float), np.arange(746).astype(str), range(66), 2, 10, 0
    )
    assert label_metrics["references"][NO_LABEL]["accuracy_thresh"]["value"] == pytest.approx(
        0.9707, abs=5e-5
    )
    reference = label_metrics["references"][CLASS_ALONE]
    assert reference["accuracy_thresh"]["value"] == pytest.approx(0.9858, abs=5e-5)
    assert reference["fbeta"]["value"] == pytest.approx(0.712, abs=5e-4)
    assert label_metrics["accuracy_thresh"]["value"] == label_metrics["fbeta"]["value"] == 1
    assert reference["gain"]["value"] == pytest.approx(1 - 0.9858, abs=5e-5)


def test_intervals_come_from_whole_patients():
    truth, scores, owners = case(3)
    once = multilabel_metrics(truth, scores, owners, list("abcdefg"), 2, 300, 0)
    twice = multilabel_metrics(
        np.tile(truth, (2, 1)),
        np.tile(scores, (2, 1)),
        np.tile(owners, 2),
        list("abcdefg"),
        2,
        300,
        0,
    )
    for metric in ("accuracy_thresh", "fbeta", "macro_f1", "average_precision"):
        assert once[metric]["low"] < once[metric]["value"] < once[metric]["high"]
        assert once[metric] == twice[metric]


def test_networks_references_and_published_numbers_stand_side_by_side():
    part = {"labels": document(1), "roc_auc": {"value": 0.9, "low": 0.8, "high": 0.95}}
    whole = {"splits": {"test": part}, "protocols": {"grouped": part, "random": part}}
    published = {"study": "before", "values": {"accuracy_thresh": 0.99}}
    table = compare_tags({"one": whole, "two": whole}, published)
    assert table.groupby("protocol").size().to_dict() == {"grouped": 6, "random": 7, "study": 6}
    silent = table.loc[table["name"] == "one, no tag"].iloc[0]
    assert silent["accuracy_thresh"] == part["labels"]["without_tags"]["accuracy_thresh"]["value"]
    row_of_published = table.loc[table["kind"] == "published"].iloc[0]
    assert (row_of_published["protocol"], row_of_published["accuracy_thresh"]) == ("random", 0.99)
    row = table.loc[(table["protocol"] == "grouped") & (table["name"] == "one")].iloc[0]
    assert row["fbeta"] == part["labels"]["fbeta"]["value"]
    assert row["gain_low"] == part["labels"]["references"][NO_LABEL]["gain"]["low"]
    assert row["tag_gain"] == part["labels"]["without_tags"]["gain"]["value"]
    each = tag_precision({"one": whole, "two": whole})
    assert each["label"].tolist() == list("abcdefg") * 4
    assert each["protocol"].tolist() == ["grouped"] * 14 + ["random"] * 14
    assert each["class_known"].isna().groupby(each["label"]).all().to_dict()["a"]
    np.testing.assert_allclose(each["images"] / 60, each["share"], atol=1e-6)
