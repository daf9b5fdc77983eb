"""Metrics, differences, calibration and Grad-CAM by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax

from cxr.evaluation import gradcam
from cxr.evaluation.calibration import Calibration
from cxr.evaluation.classification import (
    accuracies,
    binary_rates,
    classification_metrics,
    confusion_matrices,
)
from cxr.evaluation.comparison import comparison_table, training_times_table, unbeaten_shortcuts
from cxr.evaluation.gradcam import (
    attention,
    explain_predictions,
    grad_cam,
    overlay,
    predicted_codes,
    select_examples,
)
from cxr.evaluation.multilabel import accuracy_thresh, fbeta, multilabel_metrics
from cxr.evaluation.network import evaluate_network, leakage
from cxr.evaluation.predictions import confidences, predictions_schema, predictions_table
from cxr.images.lungs import border_mask
from cxr.networks.architecture import build_network


def table_of(classes, predicted, part="study", protocol="study", split="test"):
    """Predictions of two classes, which are sure of theirs by 0.8."""
    sure = np.where(np.array(list(predicted)) == "a", 0.8, 0.2)
    table = pd.DataFrame({"image_id": [f"i{i:02d}" for i in range(len(classes))]})
    table = table.assign(**{"class": list(classes), "predicted": list(predicted)}, split=split)
    return table.assign(part=part, protocol=protocol, probability_a=sure, probability_b=1 - sure)


def owners(n, each=1):
    return pd.Series([f"p{i // each}" for i in range(n)], [f"i{i:02d}" for i in range(n)])


def test_weights_count_images_in_a_confusion_matrix():
    labels, predicted = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0])
    weights = np.array([[1.0, 1, 1, 1], [2, 3, 0, 5]])
    confusion = confusion_matrices(labels, predicted, 3, weights)
    assert confusion.tolist() == [
        [[1, 1, 0], [0, 1, 0], [1, 0, 0]],
        [[2, 3, 0], [0, 0, 0], [5, 0, 0]],
    ]
    np.testing.assert_allclose(accuracies(confusion), [2 / 4, 2 / 10])
    assert np.isnan(accuracies(np.zeros((1, 2, 2))))


def test_the_rates_of_a_label_are_those_of_altman_and_bland():
    """Liver scans, BMJ 1994: 231 of 258 abnormal ones and 54 of 86 normal ones are called so."""
    positive = np.repeat([True, True, False, False], [231, 27, 32, 54])
    called = np.repeat([True, False, True, False], [231, 27, 32, 54])
    rates = binary_rates(positive, called, np.ones((1, 344)))
    assert rates["sensitivity"][0] == pytest.approx(0.895, abs=5e-4)
    assert rates["specificity"][0] == pytest.approx(0.628, abs=5e-4)
    assert rates["precision"][0] == pytest.approx(0.878, abs=5e-4)
    assert rates["accuracy"][0] == pytest.approx(285 / 344)


def test_exact_intervals_have_the_patients_of_their_denominator():
    """Twelve patients, two images each: of a, 8 are right, of which 0 or 1 has its interval."""
    labels = np.repeat([0, 1], [16, 8])
    scores = np.eye(2)[labels]
    names = np.repeat(np.arange(12), 2).astype(str)
    thresholds = np.full((24, 2), 0.5)
    result = classification_metrics(labels, scores, names, ["a", "b"], 50, 0, thresholds)

    def low(patients):
        return pytest.approx(0.025 ** (1 / patients), abs=1e-6)

    assert result["patients"] == 12
    assert result["accuracy"]["low"] == low(12)
    of_a = result["per_class"]["a"]
    assert of_a["images"] == 16
    assert [of_a[m]["low"] for m in ("recall", "sensitivity", "precision")] == [low(8)] * 3
    assert of_a["specificity"]["low"] == low(4)
    at = of_a["at_threshold"]
    assert at["threshold"] == 0.5
    assert (at["sensitivity"]["low"], at["specificity"]["low"]) == (low(8), low(4))
    assert at["accuracy"] == {"value": 1.0, "low": None, "high": None}


def test_an_image_at_the_threshold_is_positive():
    labels, scores = np.array([0, 1, 1]), np.array([[0.7, 0.3], [0.4, 0.6], [0.3, 0.7]])
    thresholds = np.tile([0.3, 0.65], (3, 1))
    names = np.array(list("xyz"))
    result = classification_metrics(labels, scores, names, ["a", "b"], 5, 0, thresholds)
    at = {name: result["per_class"][name]["at_threshold"] for name in "ab"}
    assert at["a"]["sensitivity"]["value"] == 1
    assert at["a"]["specificity"]["value"] == 0
    assert at["b"]["sensitivity"]["value"] == 0.5
    assert at["b"]["accuracy"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    thresholds[1:, 0] = [0.5, 0.5]
    mixed = classification_metrics(labels, scores, names, ["a", "b"], 5, 0, thresholds)
    assert mixed["per_class"]["a"]["at_threshold"]["threshold"] == pytest.approx(0.4)
    thresholds[0, 0] = np.nan
    none = classification_metrics(labels, scores, names, ["a", "b"], 5, 0, thresholds)
    assert none["per_class"]["a"]["at_threshold"]["threshold"] is None
    assert none["per_class"]["a"]["at_threshold"]["accuracy"]["value"] is None


def test_reliability_has_a_row_for_each_bin_with_images():
    scores = np.array([[0.95, 0.05], [0.93, 0.07], [0.45, 0.55]])
    result = classification_metrics(
        np.array([0, 1, 1]), scores, np.array(list("xyz")), ["a", "b"], 5, 0
    )
    rows = [(r["images"], r["confidence"], r["accuracy"]["value"]) for r in result["reliability"]]
    assert rows == [(1, 0.55, 1.0), (2, 0.94, 0.5)]
    assert 0 <= result["ece"]["value"] <= 1


def test_a_difference_is_that_of_accuracies_on_the_same_images():
    """McNemar's table: both right 6, only the first 3, only the second 1, neither 2."""
    classes = "aaaaaaaaaaaa"
    first, second = "aaaaaaaaabbb", "aaaaaabbbabb"
    networks = {"one": table_of(classes, first), "two": table_of(classes, second)}
    table = comparison_table(
        networks, None, {"one": 7, "two": 9}, owners(12), ["a", "b"], 0, 4000
    ).set_index("name")
    assert table.loc["one", "accuracy"] == 0.75
    assert table.loc["two", "accuracy"] == pytest.approx(7 / 12, abs=1e-6)
    assert table.loc["two", "difference"] == pytest.approx(2 / 12, abs=1e-6)
    # The standard error of a paired difference: sqrt(b + c - (b - c)^2 / n) / n.
    error = np.sqrt(4 - 4 / 12) / 12
    assert table.loc["two", "difference_high"] == pytest.approx(2 / 12 + 1.96 * error, abs=0.05)
    assert table.loc["two", "difference_low"] == pytest.approx(2 / 12 - 1.96 * error, abs=0.05)
    assert table.loc["two", "parameters"] == 9
    assert table.index.tolist() == ["one", "two"]
    assert table["kind"].tolist() == ["network"] * 2
    assert table.loc["one", "recall_a"] == 0.75
    assert table.loc["two", ["images", "patients"]].tolist() == [12, 12]


def test_each_protocol_has_its_own_best_network():
    """The first is better on the study's split, the second on the folds."""
    right, wrong = "aabb", "abbb"
    networks = {
        "one": pd.concat([table_of("aabb", right), table_of("aabb", wrong, "f1", "grouped")]),
        "two": pd.concat([table_of("aabb", wrong), table_of("aabb", right, "f1", "grouped")]),
    }
    sure = table_of("aabb", right).assign(baseline="border")
    train = table_of("aabb", wrong, split="train").assign(baseline="border")
    table = comparison_table(
        networks, pd.concat([sure, train]), {"one": 1, "two": 1}, owners(4), ["a", "b"], 0, 50
    )
    assert table["protocol"].tolist() == ["grouped"] * 2 + ["study"] * 3
    assert table["name"].tolist() == ["two", "one", "border", "one", "two"]
    assert table["difference"].tolist() == [0, 0.25, 0, 0, 0.25]
    assert table["kind"].tolist() == ["network", "network", "shortcut", "network", "network"]
    assert unbeaten_shortcuts(table).empty, "the main protocol has no shortcut"


def test_a_shortcut_is_unbeaten_where_the_difference_may_be_nothing():
    row = {"protocol": "study", "kind": "shortcut"}
    table = pd.DataFrame([row | {"difference_low": low} for low in (-0.1, 0.0, 0.01)])
    assert unbeaten_shortcuts(table)["difference_low"].tolist() == [-0.1, 0.0]


def test_training_times_are_a_row_a_network():
    table = training_times_table(["one", "two"], [{"seconds": 3}, {"seconds": 4}])
    assert table.to_dict("records") == [
        {"name": "one", "seconds": 3},
        {"name": "two", "seconds": 4},
    ]


def test_leakage_is_measured_against_folds_or_else_the_studys_split():
    study = table_of("aaaa", "abbb")
    random = table_of("aaaa", "aaab", "random-r1f1", "random")
    grouped = table_of("aaaa", "aabb", "grouped-r1f1", "grouped")
    untested = table_of("aaaa", "bbbb", "random-r1f1", "random", "train")
    gap = leakage(study, pd.concat([random, untested]), owners(4), ["a", "b"], 50, 0)
    assert gap["accuracy"]["value"] == 0.5
    gap = leakage(study, pd.concat([random, grouped]), owners(4), ["a", "b"], 50, 0)
    assert gap["accuracy"]["value"] == 0.25
    assert leakage(study, grouped, owners(4), ["a", "b"], 50, 0) is None


def test_a_networks_document_has_its_splits_and_interval():
    parts = [table_of("aabb", "aabb", split=split) for split in ("train", "validation", "test")]
    study = pd.concat(parts, ignore_index=True)
    study["image_id"] = [f"i{i:02d}" for i in range(12)]
    study.loc[8, "predicted"] = "b"
    study.loc[8, ["probability_a", "probability_b"]] = 0.2, 0.8
    groups = pd.DataFrame({"patient_id": owners(12), "split_group": range(12)})
    document = evaluate_network(study, pd.DataFrame(), groups, ["a", "b"], 0, 40)
    assert document["interval"]["level"] == 0.95
    assert document["interval"]["replicates"] == 40
    values = {name: part["accuracy"]["value"] for name, part in document["splits"].items()}
    assert values == {"train": 1, "validation": 1, "test": 0.75}
    assert document["protocols"] == {}
    truth = pd.DataFrame({name: study["class"] == name for name in "abt"})
    truth.index = study["image_id"]
    scores = {f"label_{name}": 0.9 * (study["class"] == name) for name in "abt"}
    document = evaluate_network(
        study.assign(**scores), pd.DataFrame(), groups, ["a", "b"], 0, 5, truth
    )
    labels = document["splits"]["test"]["labels"]
    assert (labels["accuracy_thresh"]["value"], labels["images"], labels["labels"]) == (1, 4, 3)
    assert labels["per_label"]["a"]["images"] == 2


def test_calibration_of_certain_probabilities_by_hand():
    """Said 0.9, right three times in four: the temperature that says 0.75 is ln 3 / ln 9."""
    n = 4000
    said = np.tile([[0.9, 0.1], [0.1, 0.9]], (n // 2, 1))
    labels = np.tile([0, 1], n // 2)
    labels[: n // 4] = 1 - labels[: n // 4]
    calibration = Calibration.fit(said, labels)
    np.testing.assert_allclose(calibration(said).max(axis=1), 0.75, atol=2e-3)
    assert calibration.scale == pytest.approx(np.log(3) / np.log(9), abs=5e-3)
    np.testing.assert_allclose(calibration.bias, 0, atol=1e-3)


def test_calibration_gives_every_class_the_same_weight():
    """A network that knows nothing is even after calibration, however rare a class is."""
    said, labels = np.tile([0.9, 0.1], (100, 1)), np.repeat([0, 1], [90, 10])
    np.testing.assert_allclose(Calibration.fit(said, labels)(said), 0.5, atol=2e-3)


def test_calibration_applies_scale_and_bias():
    given = np.array([[0.2, 0.8], [0.0, 1.0]])
    calibration = Calibration(2.0, np.array([0.0, 1.0]))
    expected = softmax(2 * np.log(given[:1]) + [0, 1], axis=1)
    np.testing.assert_allclose(calibration(given)[:1], expected)
    assert calibration(given)[1, 0] == pytest.approx(0, abs=1e-20)
    assert np.isfinite(calibration(given)).all()


def test_a_label_at_the_threshold_is_not_called():
    truth, scores = np.array([[1, 0, 0]], bool), np.array([[0.2, 0.2, 0.21]])
    assert accuracy_thresh(scores, truth)[0] == pytest.approx(1 / 3)
    # One label of three called, wrongly, and one missed.
    assert fbeta(scores, truth)[0] == 0
    assert fbeta(scores + 0.1, truth)[0] == pytest.approx(5 / (4 + 3))
    assert fbeta(scores + 0.1, truth, beta=1)[0] == pytest.approx(2 / (1 + 3))
    assert fbeta(np.zeros((1, 3)), np.zeros((1, 3), bool))[0] == 0


def test_metrics_of_labels_by_hand():
    """Class a or b, and one tag that half of a's images and no image of b's have."""
    truth = np.array([[1, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]], bool)
    scores = np.array([[0.9, 0.1, 0.9], [0.9, 0.1, 0.1], [0.1, 0.9, 0.3], [0.1, 0.9, 0.1]])
    document = multilabel_metrics(truth, scores, np.array(list("wxyz")), ["a", "b", "t"], 2, 9, 0)
    assert (document["images"], document["patients"]) == (4, 4)
    assert (document["labels"], document["occurring"]) == (3, 3)
    assert (document["threshold"], document["beta"]) == (0.2, 2)
    assert document["accuracy_thresh"]["value"] == pytest.approx(11 / 12, abs=1e-6)
    tag = document["per_label"]["t"]
    assert (tag["images"], tag["share"]) == (1, 0.25)
    assert tag["average_precision"]["value"] == 1
    assert tag["f1"]["value"] == pytest.approx(2 / 3, abs=1e-6)
    assert tag["class_known"]["value"] == 0.5
    assert tag["gain"]["value"] == 0.5
    assert "gain" not in document["per_label"]["b"]
    assert document["macro_f1"]["value"] == pytest.approx((1 + 1 + 2 / 3) / 3, abs=1e-6)
    silent = document["references"]["no label at all"]
    assert silent["accuracy_thresh"]["value"] == pytest.approx(7 / 12, abs=1e-6)
    assert silent["gain"]["value"] == pytest.approx(4 / 12, abs=1e-6)
    assert silent["fbeta"]["value"] == 0
    alone = document["references"]["the true class, no tag"]
    assert alone["accuracy_thresh"]["value"] == pytest.approx(11 / 12, abs=1e-6)
    assert document["without_tags"]["accuracy_thresh"]["value"] == pytest.approx(11 / 12, abs=1e-6)
    assert document["without_tags"]["gain"]["value"] == 0


def test_predictions_have_a_column_a_probability():
    cohort = pd.DataFrame({"image_id": [1, 2], "class": "a", "split": "test"}, index=[7, 9])
    given = np.array([[0.3, 0.7], [0.6, 0.4]])
    table = predictions_table(cohort, given, ["a", "b"], ["a", "b", "t"], np.eye(3)[:2])
    assert table["predicted"].tolist() == ["b", "a"]
    assert table["label_t"].tolist() == [0, 0]
    np.testing.assert_allclose(confidences(table), [0.7, 0.6], rtol=1e-6)
    assert list(table.columns) == predictions_schema(["a", "b"], ["a", "b", "t"]).names[:-2]
    assert "label_a" not in predictions_table(cohort, given, ["a", "b"])


class Linear(torch.nn.Module):
    """Two maps, the halves of an image, whose means are the features; logits are linear in them."""

    def __init__(self, weights):
        super().__init__()
        self.weights = torch.tensor(weights)

    def maps(self, batch):
        return torch.cat([batch, 1 - batch], dim=1)

    def features_of_maps(self, maps):
        return maps.mean(dim=(2, 3))

    def class_logits(self, features):
        return features @ self.weights


def test_grad_cam_of_a_linear_network_by_hand():
    """Class 0 speaks for bright pixels, class 1 for dark ones."""
    images = np.zeros((3, 4, 4), np.uint8)
    images[:, :2] = 200
    images[2] = 0
    cams = grad_cam(Linear([[3.0, 0.0], [0.0, 2.0]]), images, 4, np.array([0, 1, 0]), 2)
    assert cams.shape == (3, 4, 4)
    bright = 200 / 255
    # The log-odds of class 0 grow by 3 for the bright map and fall by 2 for the dark one.
    expected = np.maximum([3 * bright - 2 * (1 - bright), -2], 0)
    np.testing.assert_allclose(cams[0, ::3, 0], expected / expected.max(), atol=1e-6)
    np.testing.assert_allclose(cams[1, ::3, 0], [0, 1], atol=1e-6)
    assert (cams[2] == 0).all(), "nothing is evidence for class 0"
    assert grad_cam(Linear([[1.0, 0], [0, 1]]), images[:0], 4, np.zeros(0, int)).shape == (0, 4, 4)


def test_grad_cam_of_many_images_is_that_of_each():
    network = build_network("conv5", 3, 8, 0.0, seed=1)
    images = np.random.default_rng(0).integers(0, 255, (5, 32, 32), dtype=np.uint8)
    targets = np.array([0, 1, 2, 1, 0])
    whole = grad_cam(network, images, 32, targets, batch_size=2)
    for i in range(5):
        one = grad_cam(network, images[[i]], 32, targets[[i]])
        np.testing.assert_allclose(whole[i], one[0], atol=1e-4)
    assert ((whole.max(axis=(1, 2)) > 0.999) | (whole.max(axis=(1, 2)) == 0)).all()


def test_shares_of_a_map_in_the_border():
    predictions = pd.DataFrame({"image_id": ["x", "y"], "class": "a", "predicted": "b"})
    cams = np.ones((2, 32, 32))
    border = border_mask(32)
    cams[1] = border * 3 + ~border
    table = attention(predictions, cams, None)
    area = round(float(border.mean()), 4)
    assert table["border_area"].tolist() == [area] * 2
    assert table["in_border"].iloc[0] == area
    share = 3 * border.sum() / (3 * border.sum() + (~border).sum())
    assert table["in_border"].iloc[1] == pytest.approx(share, abs=1e-4)
    assert table[["in_lungs", "lung_area"]].isna().all(axis=None)
    lungs = np.zeros((2, 32, 32), dtype=bool)
    lungs[:, :16] = True
    radiograph = attention(predictions, cams, lungs)
    assert radiograph["in_lungs"].tolist() == radiograph["lung_area"].tolist() == [0.5, 0.5]
    assert np.isnan(attention(predictions, 0 * cams, lungs)["in_border"]).all()


def test_examples_are_the_most_confident_ones_of_each_class_and_kind():
    table = table_of("aaaaabb", "aaabbbb")
    table["probability_a"] = [0.7, 0.9, 0.9, 0.4, 0.3, 0.2, 0.1]
    table["probability_b"] = 1 - table["probability_a"]
    examples = select_examples(table, ["a"], 2).sort_values(["correct", "rank"])
    assert examples["image_id"].tolist() == ["i04", "i03", "i01", "i02"]
    assert examples["rank"].tolist() == [0, 1, 0, 1]
    np.testing.assert_allclose(examples["confidence"], [0.7, 0.6, 0.9, 0.9])
    assert examples["correct"].tolist() == [False, False, True, True]
    assert predicted_codes(table, ["b", "a"]).tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_an_overlay_is_grey_where_the_map_is_empty_and_mixed_elsewhere():
    image, cam = np.array([[0, 100, 200]], np.uint8), np.array([[0.0, 0.0, 1.0]])
    picture = overlay(image, cam)
    assert picture[0, :2].tolist() == [[0, 0, 0], [100, 100, 100]]
    # The last colour of inferno, (252, 255, 164), at 55%.
    np.testing.assert_allclose(
        picture[0, 2], 0.45 * 200 + 0.55 * np.array([252, 255, 164]), atol=1.5
    )
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("at_once", [2, 1000])
def test_only_test_images_are_explained(monkeypatch, at_once):
    monkeypatch.setattr(gradcam, "BATCHES", 1)
    monkeypatch.setattr(gradcam, "card_batch", lambda _: at_once)
    network = build_network("conv5", 2, 8, 0.0, seed=1)
    images = np.random.default_rng(0).integers(0, 255, (4, 32, 32), dtype=np.uint8)
    table = table_of("aabb", "abab").assign(split=["train", "test", "test", "test"])
    lungs = np.arange(4)[:, None, None] * 8 > np.arange(32)[:, None] + np.zeros(32)
    found = explain_predictions(network, 32, table, images, lungs, ["a", "b"], 1)
    assert found.attention["image_id"].tolist() == ["i01", "i02", "i03"]
    assert found.attention["lung_area"].tolist() == [0.25, 0.5, 0.75]
    assert len(found.pictures) == len(found.examples) == 3
    cam = grad_cam(network, images[[1]], 32, np.array([1]))
    row = found.examples.index.get_loc(0)
    np.testing.assert_array_equal(found.pictures[row], overlay(images[1], cam[0]))
