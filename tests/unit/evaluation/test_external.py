"""Metrics in external sources equal scikit-learn's, beside those of the same classes inside."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn import metrics

from cxr.evaluation.external import COLUMNS, difference, external_table
from cxr.evaluation.external_baselines import baseline_table
from cxr.evaluation.network import evaluate_network
from cxr.evaluation.predictions import class_probabilities, predictions_table

CLASSES = ["a", "b", "c"]


def images(rng, name, labels, strength, splits=("external",), source="x"):
    """A cohort and a network's predictions of it."""
    n, labels = len(labels), np.asarray(labels)
    cohort = pd.DataFrame({"image_id": [f"{name}{i}" for i in range(n)], "source": source})
    cohort["class"] = np.array(CLASSES)[labels]
    cohort["split"] = np.resize(splits, n)
    cohort["split_group"] = np.arange(n) // 2
    cohort["patient_id"] = [f"{name}:{group}" for group in cohort["split_group"]]
    scores = rng.dirichlet(np.ones(3), n) + strength * np.eye(3)[labels]
    return cohort, predictions_table(cohort, scores / (1 + strength), CLASSES)


@pytest.fixture
def inside(rng):
    return images(rng, "in", rng.integers(0, 3, 300), 0.6, ("train", "validation", "test", "test"))


def table_of(inside, *outside, replicates=50):
    cohort = pd.concat([each[0] for each in outside], ignore_index=True)
    predictions = pd.concat([each[1] for each in outside], ignore_index=True)
    cohorts = cohort, inside[0]
    table = external_table(predictions, inside[1], cohorts, CLASSES, 0, replicates)
    assert list(table.columns) == list(COLUMNS)
    return table.set_index(["source", table["class"].fillna("all"), "metric"])


def test_values_are_those_of_scikit_learn(inside, rng):
    outside = images(rng, "out", rng.integers(0, 3, 80), 0.2)
    table = table_of(inside, outside).loc["x"]
    truth, scores = outside[0]["class"], class_probabilities(outside[1], CLASSES)
    called = outside[1]["predicted"]
    for k, name in enumerate(CLASSES):
        positive = truth == name
        expected = {
            "sensitivity": metrics.recall_score(positive, called == name),
            "specificity": metrics.recall_score(~positive, called != name),
            "roc_auc": metrics.roc_auc_score(positive, scores[:, k]),
        }
        for metric, value in expected.items():
            assert table.loc[(name, metric), "value"] == pytest.approx(value, abs=1e-6)
        assert table.loc[(name, "sensitivity"), "images"] == positive.sum()
        assert table.loc[(name, "specificity"), "images"] == (~positive).sum()
    expected = metrics.balanced_accuracy_score(truth, called)
    assert table.loc[("all", "balanced_accuracy"), "value"] == pytest.approx(expected, abs=1e-6)
    assert table.loc[("all", "balanced_accuracy"), "patients"] == 40
    inner = (table["value"] - table["internal"]).round(6)
    np.testing.assert_allclose(table["difference"], inner, atol=2e-6)
    assert (table["difference_low"] <= table["difference"]).all()


def test_thresholds_and_calibration_are_those_of_the_studys_own_metrics(inside, rng):
    cohort, predictions = inside
    groups = cohort.set_index("image_id")[["patient_id", "split_group"]]
    # The test images once more, as if they came from elsewhere.
    test = predictions["split"] == "test"
    again = [table.loc[test.to_numpy()].reset_index(drop=True) for table in inside]
    table = table_of(inside, again).loc["x"]
    document = evaluate_network(predictions, pd.DataFrame(), groups, CLASSES, 0, 5)
    own = document["splits"]["test"]
    for name in CLASSES:
        for metric in ("sensitivity", "specificity"):
            at_threshold = own["per_class"][name]["at_threshold"][metric]["value"]
            found = table.loc[(name, f"{metric}_at_threshold"), "value"]
            assert found == pytest.approx(at_threshold, abs=1e-6)
    for metric, value in (("ece", own["ece"]), ("ece_calibrated", own["calibrated"]["ece"])):
        # Their biases are estimated from other draws.
        assert table.loc[("all", metric), "value"] == pytest.approx(value["value"], abs=0.05)
    exact = table.drop([("all", "ece"), ("all", "ece_calibrated")])
    np.testing.assert_allclose(exact["value"], exact["internal"], atol=1e-6)
    np.testing.assert_allclose(table["value"], table["internal"], atol=0.01)


def test_external_images_set_no_threshold_and_no_calibration(inside, rng):
    outside = images(rng, "out", rng.integers(0, 3, 80), 0.2)
    one = table_of(inside, outside).loc["x"]
    other = images(rng, "more", rng.integers(0, 3, 80), 0.9, source="y")
    both = table_of(inside, outside, other).loc["x"]
    pd.testing.assert_frame_equal(one, both)


def test_classes_that_a_source_lacks_are_left_out(inside, rng):
    two = images(rng, "two", rng.integers(0, 2, 40), 0.2, source="two")
    one = images(rng, "one", np.full(40, 2), 0.2, source="one")
    table = table_of(inside, two, one)
    of_two = table.loc["two"]
    assert set(of_two.index.get_level_values("class")) == {"a", "b", "all"}
    alike = inside[1].loc[(inside[1]["split"] == "test") & (inside[1]["class"] != "c")]
    share = two[0]["class"].value_counts() / alike["class"].value_counts()
    area = metrics.roc_auc_score(
        alike["class"] == "a",
        class_probabilities(alike, CLASSES)[:, 0],
        sample_weight=alike["class"].map(share),
    )
    assert of_two.loc[("a", "roc_auc"), "internal"] == pytest.approx(area, abs=1e-6)
    assert table.loc["one"].index.tolist() == [
        ("c", "sensitivity"),
        ("c", "sensitivity_at_threshold"),
    ]


def test_internal_images_have_the_classes_shares_of_the_source(inside, rng):
    outside = images(rng, "out", np.repeat([0, 1, 2], [10, 60, 10]), 0.2)
    table = table_of(inside, outside).loc["x"]
    test = inside[1].loc[inside[1]["split"] == "test"]
    spared = {
        name: (test.loc[test["class"] == name, "predicted"] != "a").mean() for name in ("b", "c")
    }
    expected = (60 * spared["b"] + 10 * spared["c"]) / 70
    assert table.loc[("a", "specificity"), "internal"] == pytest.approx(expected, abs=1e-6)


def test_a_class_that_is_never_recognised_has_an_exact_interval_and_a_wide_difference(inside, rng):
    cohort, predictions = images(rng, "out", np.full(30, 0), -0.9)
    predictions = predictions.assign(predicted="b", probability_a=0.0, probability_b=1.0)
    row = table_of(inside, (cohort, predictions)).loc[("x", "a", "sensitivity")]
    assert (row["value"], row["low"], row["patients"]) == (0, 0, 15)
    assert row["high"] == pytest.approx(0.218, abs=1e-3)
    assert row["difference_low"] < row["difference"] < row["difference_high"] < 0


def test_a_difference_is_newcombes():
    # R. Newcombe, "Interval estimation for the difference between independent proportions",
    # Stat. Med. 17, 1998, table II: 56/70 less 48/80 by method 10, from Wilson's intervals.
    shares = []
    for successes, trials in ((56, 70), (48, 80)):
        low, high = binomtest(successes, trials).proportion_ci(method="wilson")
        shares.append({"value": successes / trials, "low": low, "high": high})
    found = difference(*shares)
    expected = {"value": 0.2, "low": 0.0524, "high": 0.3339}
    assert found == pytest.approx(expected, abs=6e-5)
    undefined = {"value": None, "low": None, "high": None}
    assert difference(shares[0], undefined) == undefined
    assert difference(shares[0], undefined | {"value": 1.0})["low"] is None


def test_without_validation_images_of_a_class_it_has_no_threshold(inside, rng):
    predictions = inside[1]
    left_out = (predictions["split"] == "validation") & (predictions["class"] == "a")
    trimmed = [table.loc[~left_out].reset_index(drop=True) for table in inside]
    table = table_of(trimmed, images(rng, "out", rng.integers(0, 3, 60), 0.2)).loc["x"]
    assert ("a", "sensitivity_at_threshold") not in table.index


def test_baselines_are_fitted_inside_and_measured_outside(inside, rng):
    outside = images(rng, "out", rng.integers(0, 3, 60), 0.2)[0].assign(split="external")
    cohorts = outside, inside[0]
    labels = pd.concat(cohorts)["class"].map(CLASSES.index).to_numpy(dtype=float)
    # The first tells the class within the study alone, the second everywhere.
    within = np.where(np.arange(len(labels)) < len(outside), 5, labels)
    inputs = {"shape": within[:, None], "border": labels[:, None]}
    table = baseline_table(cohorts, inputs, CLASSES, 0, replicates=10)
    overall = table[table["metric"] == "balanced_accuracy"].set_index("baseline")
    assert overall["internal"].to_dict() == {"shape": 1, "border": 1}
    assert overall["value"].round(3).to_dict() == {"shape": 0.333, "border": 1}
    assert list(table.columns) == ["baseline", *COLUMNS]
