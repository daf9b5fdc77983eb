"""Table 1 counts each field by class, and names the classes that are of one source."""

import numpy as np
import pandas as pd

from cxr.report.table_one import single_sources, table_one
from tests.helpers.pages import HOSTILE


def cohort_of(classes, sources):
    ids = [f"i{k}" for k in range(len(classes))]
    patients = [f"p{k // 2}" for k in range(len(classes))]
    table = pd.DataFrame({"image_id": ids, "class": classes, "source": sources})
    return table.assign(patient_id=patients, split="train")


def rows_of(table, field):
    rows = [row for row in table["rows"] if row["field"] == field]
    return {
        row["level"]: [cell.get("text", cell.get("n")) for cell in row["cells"]] for row in rows
    }


def test_fields_are_counted_by_class_with_what_is_missing():
    cohort = cohort_of(["a", "a", "b", "b"], "s")
    metadata = cohort[["image_id", "source"]].assign(
        view=["PA", "PA", "AP", None], age_years=[20.0, 40.0, None, None], ward=["x", "y", "x", "y"]
    )
    table = table_one(cohort, metadata)
    assert (table["classes"], table["images"], table["patients"]) == (["a", "b"], [2, 2], [1, 1])
    assert rows_of(table, "view") == {"PA": [2, 0], "AP": [0, 1], "missing": [0, 1]}
    assert rows_of(table, "age") == {
        "median (quartiles)": ["30 (25 to 35)", "none"],
        "missing": [0, 2],
    }
    assert rows_of(table, "ward") == {"x": [1, 1], "y": [1, 1]}
    shares = next(row for row in table["rows"] if row["level"] == "AP")["cells"]
    assert [cell["share"] for cell in shares] == [0.0, 0.5]
    order = [row["field"] for row in table["rows"] if not row["again"]]
    assert order[:3] == ["source", "view", "age"]


def test_rare_values_are_taken_together():
    cohort = cohort_of(np.repeat(["a", "b"], 20), "s")
    country = [f"c{k}" for k in range(10)] * 4
    table = table_one(cohort, cohort[["image_id"]].assign(country=country))
    found = rows_of(table, "country")
    assert found["4 others"] == [8, 8]
    assert sum(sum(counts) for counts in found.values()) == 40


def test_a_class_of_one_source_is_named():
    assert single_sources(cohort_of(["a", "a", "b", "c"], ["s", "s", "t", "t"])) == [
        "Every image of a is of the source s, which has no other class.",
        "Every image of b and c is of the source t.",
    ]
    assert single_sources(cohort_of(["a", "b", "b"], ["s", "s", "t"])) == [
        "Every image of a is of the source s."
    ]
    assert single_sources(cohort_of(["a", "a", "b", "b"], list("stst"))) == []
    assert single_sources(cohort_of(["a", "b"], "s")) == []


def test_features_without_classes_have_no_table():
    cohort = cohort_of([None, None], "s")
    assert table_one(cohort, cohort[["image_id"]]) is None
    assert single_sources(cohort.drop(columns=["class", "source"])) == []


def test_any_text_may_be_a_field_or_a_value():
    cohort = cohort_of([HOSTILE, "1"], [HOSTILE, "2"])
    table = table_one(cohort, cohort[["image_id"]].assign(**{HOSTILE: ["x", "x"]}))
    assert HOSTILE in table["classes"]
    assert rows_of(table, HOSTILE) == {"x": [1, 1]}
