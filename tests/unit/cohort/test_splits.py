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
    fold_with_share,
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


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.3), st.floats(0.1, 0.3))
def test_no_group_is_divided_and_every_class_is_in_every_split(seed, validation, test):
    rng = np.random.default_rng(seed)
    table = many(rng, int(rng.integers(80, 160)))
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


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.5])
def test_of_equal_groups_a_fold_is_exactly_its_share(share):
    groups = np.arange(200) // 2
    fold = fold_with_share(np.where(groups % 2, "a", "b"), groups, share, 3)
    assert len(fold) == 200 * share
    assert sorted(groups[fold].tolist()) == sorted(np.repeat(np.unique(groups[fold]), 2).tolist())


def test_test_and_validation_are_shares_of_the_whole():
    groups = np.arange(300)
    parts = stratified_split(groups % 3, groups, SplitShares(validation=0.1, test=0.5), 0)
    counts = {part: int((parts == part).sum()) for part in np.unique(parts)}
    assert counts == {"train": 120, "validation": 30, "test": 150}


def test_the_fold_nearest_to_the_share_is_the_one():
    """One patient has half of the images: no fold with a share of a fifth holds it."""
    groups = np.concatenate([np.zeros(40, int), 1 + np.arange(40)])
    for seed in range(5):
        fold = fold_with_share(np.full(80, "a"), groups, 0.2, seed)
        assert 0 not in groups[fold]


def test_of_three_patients_the_one_nearest_to_the_share_is_held_out():
    """Of 20 images 14, 4 and 2; of each of two classes half."""
    groups = np.repeat([0, 1, 2], [14, 4, 2])
    for seed in range(4):
        fold = fold_with_share(np.tile(["a", "b"], 10), groups, 1 / 3, seed)
        assert set(groups[fold]) == {1}


def test_the_first_class_needs_patients_too():
    with pytest.raises(InputError, match=r"cohort\.classes\.a.*only 2 independent patients"):
        stratified_split(np.array(list("aabbbb")), np.arange(6), SplitShares(0.2, 0.2), 0)


def test_three_patients_a_class_are_enough_and_two_for_one_division():
    classes, groups = np.array(list("aaabbb")), np.arange(6)
    parts = stratified_split(classes, groups, SplitShares(0.2, 0.2), 0)
    for name in "ab":
        assert sorted(parts[classes == name]) == ["test", "train", "validation"]
    fold = fold_with_share(np.array(list("aabb")), np.arange(4), 0.1, 0)
    assert len(fold) == 2
    with pytest.raises(InputError, match="single independent patient"):
        fold_with_share(np.array(list("aab")), np.arange(3), 0.2, 0)


def test_where_no_fold_leaves_each_class_on_both_sides_the_key_is_named():
    # Every patient but one has a single class; that one holds all but one image of b.
    classes = np.array(list("aaaabbbb"))
    groups = np.array([0, 1, 2, 2, 2, 2, 2, 2])
    with pytest.raises(InputError, match=r"config key 'cohort\.splits'"):
        fold_with_share(classes, groups, 0.5, 0)


def test_another_seed_divides_otherwise():
    groups = np.arange(60)
    one, two, other = (
        stratified_split(groups % 2, groups, SplitShares(0.2, 0.2), seed).tolist()
        for seed in (1, 1, 2)
    )
    assert one == two != other


def test_groups_are_numbered_by_their_first_image():
    groups = group_patients(["d", "c", "d", "b", "a"], np.array([[4, 1]]))
    assert groups.tolist() == [0, 1, 0, 2, 1]
    flagged = near_duplicate_groups(6, np.array([[5, 1], [2, 4], [4, 0]]))
    assert flagged.fillna(-1).tolist() == [0, 1, 0, -1, 0, 1]
    assert near_duplicate_groups(2, NOTHING).isna().all()


def test_the_cohort_table_is_in_the_order_of_its_rows(rng):
    table = many(rng, 60).assign(source="s", file="f")
    table["sha256"] = table["image_id"]
    shuffled = table.sample(frac=1, random_state=1).reset_index(drop=True)
    pairs = np.array([[0, 7]])
    cohort = assign_splits(shuffled, pairs, link_patients(table), SplitShares(0.2, 0.2), 0)
    assert cohort["image_id"].tolist() == shuffled["image_id"].tolist()
    assert cohort["patient_id"].tolist() == shuffled["patient_id"].tolist()
    assert cohort["split_group"][0] == cohort["split_group"][7]
    assert cohort["near_duplicate_group"].notna().sum() == 2
    linked = link_patients(table)
    same = table.groupby("patient_id")["image_id"].agg(list)
    assert all(len(set(linked.loc[images])) == 1 for images in same)
    assert linked.nunique() == table["patient_id"].nunique()
