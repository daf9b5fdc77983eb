"""No patient is in two splits, and every class is in each."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr.cohort.flow import flow_document
from cxr.cohort.selection import select_images
from cxr.cohort.splits import (
    SplitShares,
    assign_splits,
    group_patients,
    independent_patients,
    link_patients,
    near_duplicate_groups,
    stratified_split,
)
from cxr.core.errors import InputError
from tests.helpers.selection import GOOD, SETTINGS, many, rejected, rows

NOTHING = np.empty((0, 2), dtype=np.int64)


def test_near_duplicates_join_their_patients():
    groups = group_patients(["a", "a", "b", "c", "d"], np.array([[1, 3], [2, 4]]))
    assert groups.tolist() == [0, 0, 1, 0, 1]
    flagged = near_duplicate_groups(5, np.array([[1, 3]]))
    assert flagged.isna().tolist() == [True, False, True, False, True]


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.3), st.floats(0.1, 0.3))
def test_no_group_is_divided_and_every_class_is_in_every_split(seed, validation, test):
    rng = np.random.default_rng(seed)
    table = many(rng, int(rng.integers(80, 300)))
    pairs = rng.integers(0, len(table), (5, 2))
    table = table.assign(source="s", file="f", sha256=table["image_id"])
    cohort = assign_splits(table, pairs, link_patients(table), SplitShares(validation, test), seed)
    for column, expected in (("patient_id", 1), ("split_group", 1), ("class", 3)):
        assert set(cohort.groupby(column)["split"].nunique()) == {expected}
    flow = select_images(rows(*GOOD), rejected(), SETTINGS, (), seed=1)[1]
    summary = flow_document(flow, cohort)["classes"]
    assert sum(c["train"] + c["validation"] + c["test"] for c in summary.values()) == len(cohort)


def test_patients_who_share_a_file_are_one_person_though_its_copy_is_dropped(rng):
    """Ten people under two ids each, which have a file in common and another one each."""
    table = pd.DataFrame(
        {
            "image_id": [f"{name}{i}" for i in range(10) for name in "abcd"],
            "patient_id": [f"{name}{i}" for i in range(10) for name in "xyxy"],
            "sha256": [f"{name}{i}" for i in range(10) for name in "ssuv"],
        }
    )
    table = table.assign(source="s", file="f", **{"class": list("nnnmnnnm") * 5})
    kept = table.loc[~table["sha256"].duplicated()]
    cohort = assign_splits(
        kept.reset_index(drop=True), NOTHING, link_patients(table), SplitShares(0.2, 0.2), 0
    )
    person = cohort["patient_id"].str[1:]
    assert set(cohort.groupby(person)["split"].nunique()) == {1}
    assert (independent_patients(cohort) == ("x" + person).to_numpy()).all()


def test_shares_are_close_to_what_was_asked():
    groups = np.arange(600) // 2
    classes = np.where(groups % 3 == 0, "a", "b")
    parts = stratified_split(classes, groups, SplitShares(0.15, 0.2), 0)
    for name in ("a", "b"):
        shares = {part: np.mean(parts[classes == name] == part) for part in np.unique(parts)}
        assert shares["test"] == pytest.approx(0.2, abs=0.03)
        assert shares["validation"] == pytest.approx(0.15, abs=0.03)


def test_a_class_with_too_few_patients_is_named():
    with pytest.raises(InputError, match=r"cohort\.classes\.b.*only 2 independent patients"):
        stratified_split(
            np.array(list("aaaaabbbb")),
            np.array([0, 1, 2, 3, 4, 5, 5, 6, 6]),
            SplitShares(0.2, 0.2),
            0,
        )
