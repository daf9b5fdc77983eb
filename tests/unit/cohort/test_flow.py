"""The flow diagram counts what is left and what was excluded, and why."""

import pandas as pd

from cxr.cohort.flow import Flow, flow_document


def rows(*patients):
    table = pd.DataFrame({"patient_id": patients, "source": "s"})
    return table.assign(file=[f"f{9 - i}" for i in range(len(table))])


def test_each_step_counts_images_patients_and_reasons():
    flow, table = Flow(), rows("a", "a", "b", "c", "d")
    flow.enter(table, pd.DataFrame({"reason": ["no file", "too small", "too small"]}))
    reasons = pd.Series([None, "late", None, "late", "early"], dtype="object")
    kept = flow.keep("chosen", table, reasons)
    assert kept["patient_id"].tolist() == ["a", "b"]
    first, second, third = flow.steps
    assert first == {
        "name": "entries of the sources",
        "images": 8,
        "patients": None,
        "removed": [],
    }
    assert (second["name"], second["images"], second["patients"]) == ("usable images", 5, 4)
    assert second["removed"] == [
        {"reason": "too small", "images": 2},
        {"reason": "no file", "images": 1},
    ]
    assert (third["images"], third["patients"]) == (2, 2)
    assert third["removed"] == [{"reason": "late", "images": 2}, {"reason": "early", "images": 1}]
    assert flow.exclusions()["file"].tolist() == ["f5", "f6", "f8"]
    assert flow.exclusions().index.tolist() == [0, 1, 2]
    assert flow.exclusions()["stage"].unique().tolist() == ["cohort"]


def test_equally_frequent_reasons_are_in_alphabetical_order():
    flow = Flow()
    flow.keep("none", rows("a", "b", "c"), pd.Series(["z", "x", "y"]))
    assert [removed["reason"] for removed in flow.steps[0]["removed"]] == ["x", "y", "z"]


def test_the_document_counts_classes_and_their_splits():
    cohort = pd.DataFrame(
        {
            "class": list("bbbaa"),
            "split": ["train", "test", "train", "validation", "train"],
            "patient_id": list("pqprr"),
            "near_duplicate_group": pd.array([0, 0, None, 1, 1], dtype="Int64"),
        }
    )
    document = flow_document(Flow(), cohort)
    assert document["classes"] == {
        "a": {"images": 2, "patients": 1, "train": 1, "validation": 1, "test": 0},
        "b": {"images": 3, "patients": 2, "train": 2, "validation": 0, "test": 1},
    }
    assert list(document["classes"]) == ["a", "b"]
    assert document["near_duplicate_groups"] == 2
