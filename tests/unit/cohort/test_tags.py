"""Recorded values become tags, rare ones merged."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MultiLabelBinarizer

from cxr.cohort.tags import (
    TagSettings,
    assign_tags,
    label_names,
    label_table,
    multi_hot,
    tag_names,
)
from cxr.core.errors import InputError
from cxr.core.io import read_table, write_table

PLACES = ["Wuhan"] * 4 + ["Rome", "Oslo"] + [None] * 2
GRADES = ["mild", "mild", "severe", None, None, None, "severe", None]


def rows(places=PLACES, patients=None):
    table = pd.DataFrame({"image_id": [f"i{i}" for i in range(len(places))], "location": places})
    table["severity"] = GRADES[: len(places)]
    table["class"] = ["a", "b"] * (len(places) // 2)
    table["patient_id"] = patients or [f"p{i}" for i in range(len(places))]
    return table


def test_rare_values_are_merged_where_they_are_enough_together():
    tags, table = assign_tags(rows(), TagSettings(("severity", "location"), 2))
    assert tags[0] == ["severity: mild", "location: Wuhan"]
    assert tags[4] == tags[5] == ["location: other"]
    assert tags[7] == []
    names = table.set_index("value")["tag"].to_dict()
    assert names["Rome"] == names["Oslo"] == "location: other"
    assert table["images"].sum() == sum(map(len, tags))


def test_a_value_that_occurs_once_is_no_tag():
    tags, table = assign_tags(
        rows([*["Wuhan"] * 5, "Rome", None, None]), TagSettings(("location",), 2)
    )
    assert tags[5] == []
    assert pd.isna(table.set_index("value").loc["Rome", "tag"])


def test_patients_make_a_tag_frequent_not_their_images():
    patients = ["one"] * 4 + ["p4", "p5", "p6", "p7"]
    tags, _ = assign_tags(rows(patients=patients), TagSettings(("location",), 2))
    # With Rome and Oslo the place of a single patient makes three, enough to be merged.
    assert tags[0] == ["location: other"]


def test_no_tag_at_all_is_said_by_the_key():
    with pytest.raises(InputError, match=r"config key 'cohort\.tags'"):
        assign_tags(rows(), TagSettings(("location",), 9))


def test_labels_are_scikit_learns_and_survive_a_file(tmp_path):
    cohort = rows().drop(columns=["location", "severity"])
    cohort["tags"], _ = assign_tags(rows(), TagSettings(("severity", "location"), 2))
    write_table(cohort, tmp_path / "cohort.parquet")
    stored = read_table(tmp_path / "cohort.parquet")
    labels = label_names(stored, ["a", "b"])
    members = [[name, *tags] for name, tags in zip(stored["class"], stored["tags"], strict=True)]
    expected = MultiLabelBinarizer(classes=labels).fit_transform(members)
    np.testing.assert_array_equal(label_table(stored, ["a", "b"]).to_numpy(), expected)
    assert label_names(stored.drop(columns="tags"), ["a", "b"]) == []


def test_a_tag_needs_just_so_many_patients():
    places = ["Rome", "Rome", "Oslo", "Wuhan", None, None, None, None]
    tags, table = assign_tags(rows(places), TagSettings(("location",), 2))
    assert tags[:4] == [["location: Rome"]] * 2 + [["location: other"]] * 2
    assert table["value"].tolist() == ["Rome", "Oslo", "Wuhan"], "most patients first"
    assert table["patients"].tolist() == [2, 1, 1]
    # Two rare values of one patient are no tag: there is nobody to test it on.
    one = ["p0", "p1", "p2", "p2", "p4", "p5", "p6", "p7"]
    tags, _ = assign_tags(rows(places, one), TagSettings(("location",), 2))
    assert tags[2] == tags[3] == []


def test_the_table_of_tags_is_sorted_by_field_patients_and_images():
    patients = ["p0", "p0", "p1", "p2", "p3", "p4", "p5", "p5"]
    places = ["b", "b", "b", "a", "a", "c", "d", "d"]
    _, table = assign_tags(rows(places, patients), TagSettings(("severity", "location"), 1))
    located = table.loc[table["field"] == "location"]
    assert located["value"].tolist() == ["b", "a", "d", "c"]
    assert table["field"].tolist() == ["location"] * 4 + ["severity"] * 2
    assert located["images"].tolist() == [3, 2, 2, 1]
    _, tied = assign_tags(rows(list("dbca") * 2), TagSettings(("location",), 1))
    assert tied["value"].tolist() == list("abcd")
    assert tied.index.tolist() == [0, 1, 2, 3]


def test_names_and_hot_columns_are_in_order():
    cohort = pd.DataFrame({"tags": [["b", "a"], [], ["b"]]})
    assert tag_names(cohort) == ["a", "b"]
    assert multi_hot(cohort, ["a", "b"]).tolist() == [[True, True], [False, False], [False, True]]
    assert multi_hot(cohort, []).shape == (3, 0)


def test_a_field_of_numbers_is_named():
    table = rows(["Rome"] * 8).assign(dose=1.5)
    with pytest.raises(InputError, match=r"'cohort\.tags\.fields': dose holds numbers"):
        assign_tags(table, TagSettings(("location", "dose"), 2))
    with pytest.raises(InputError, match=r"'cohort\.tags\.fields': no source has a column scanner"):
        assign_tags(table, TagSettings(("scanner",), 2))
