"""What a visitor reads first follows from the cohort and the study's own results."""

import pandas as pd
import pytest

from cxr.app.facts import cohort_rows, external_rows, internal_rows, warnings

GREEN = {"light": "green", "sentence": "No field tells it."}
RED = {"light": "red", "sentence": "The field view tells COVID-19."}


def cohort(sources):
    return pd.DataFrame(
        {
            "class": ["COVID-19", "COVID-19", "normal", "normal"],
            "source": sources,
            "split": ["train", "test", "train", "validation"],
            "patient_id": ["a", "a", "b", "c"],
        }
    )


def test_a_class_of_one_source_is_said_to_be_no_different_from_it():
    (sentence, untested) = warnings(cohort(["x", "x", "y", "y"]), GREEN, None)
    assert "can't be told from its source" in sentence
    assert "never tested" in untested


def test_mixed_sources_and_external_tests_leave_nothing_to_say():
    assert warnings(cohort(["x", "y", "x", "y"]), GREEN, "external.csv") == []


def test_a_field_that_tells_a_class_is_named():
    assert warnings(cohort(["x", "y", "x", "y"]), RED, "external.csv") == [RED["sentence"]]


def test_the_cohort_is_counted_by_class_and_source_in_the_order_of_the_outputs():
    rows = cohort_rows(cohort(["x", "y", "x", "x"]), ["normal", "COVID-19"])
    assert [(row["class"], row["source"], row["images"]) for row in rows] == [
        ("normal", "x", 2),
        ("COVID-19", "x", 1),
        ("COVID-19", "y", 1),
    ]
    assert rows[0]["patients"] == 2
    assert (rows[0]["train"], rows[0]["validation"], rows[0]["test"]) == (1, 1, 0)


def test_what_could_not_be_computed_is_not_a_metric():
    nothing = {"value": None, "low": None, "high": None}
    accuracy = {"value": 0.5, "low": 0.4, "high": 0.6}
    tested = dict.fromkeys(("balanced_accuracy", "macro_f1", "roc_auc", "ece"), nothing)
    at = {"sensitivity": nothing, "specificity": accuracy}
    per_class = {"normal": {"at_threshold": at}}
    split = {"accuracy": accuracy, **tested, "per_class": per_class}
    rows = internal_rows({"splits": {"test": split}})
    assert [(row["class"], row["metric"]) for row in rows] == [
        (None, "accuracy"),
        ("normal", "sensitivity at the threshold"),
        ("normal", "specificity at the threshold"),
    ]
    assert rows[1]["text"] == "not defined"


@pytest.mark.parametrize("path", [None, []])
def test_without_external_sources_there_are_no_rows(path):
    assert external_rows(path) == []
