"""Who is in the cohort, why the others are not, and that no patient is in two splits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxr.cohort.flow import flow_document
from cxr.cohort.selection import assign_classes, balance, contradictions, select_images
from cxr.cohort.splits import (
    assign_splits,
    group_patients,
    independent_patients,
    link_patients,
    near_duplicate_groups,
    stratified_split,
)
from cxr.core.errors import InputError

ANY = {"without": [], "first": [], "sources": None}
CLASSES = {
    "covid": ANY | {"findings": ["COVID-19"]},
    "normal": ANY | {"findings": ["No finding"], "sources": ["k"]},
}
RULES = {
    "classes": CLASSES,
    "modality": "X-ray",
    "per_class": "min",
    "contradicting": (),
    "views": ["PA", "AP"],
    "seed": 1,
}
NOTHING = np.empty((0, 2), dtype=np.int64)


def rows(*entries):
    """Rows of metadata: (file, source, patient, finding, view, sha256)."""
    table = pd.DataFrame(
        entries, columns=["file", "source", "patient_id", "finding", "view", "sha256"]
    )
    table["image_id"] = table["source"] + "/" + table["file"]
    return table.assign(modality="X-ray")


def rejected(*reasons):
    columns = ["source", "file", "stage", "reason"]
    return pd.DataFrame(
        [("k", f"r{i}", "image", r) for i, r in enumerate(reasons)], columns=columns
    )


GOOD = [
    ("a", "u", "u:1", "COVID-19, ARDS", "PA", "1"),
    ("b", "u", "u:2", "COVID-19", "AP", "2"),
    ("c", "k", "k:1", "No finding", "AP", "3"),
    ("d", "k", "k:2", "No finding", "PA", "4"),
]


def test_a_finding_may_hold_several_terms_and_must_fit_one_class():
    table = rows(
        *GOOD, ("e", "u", "u:3", "No finding", "PA", "5"), ("f", "u", "u:4", None, "PA", "6")
    )
    labels, reasons = assign_classes(table, CLASSES)
    assert labels.tolist() == ["covid", "covid", "normal", "normal", None, None]
    assert reasons.tolist()[4:] == ["finding No finding", "finding unknown"]
    both = CLASSES | {"ards": ANY | {"findings": ["ards"]}}
    labels, reasons = assign_classes(table.head(1), both)
    assert reasons.tolist() == ["fits several classes: covid, ards"]
    both["ards"] |= {"without": ["covid-19"]}
    assert assign_classes(table.head(1), both)[0].tolist() == ["covid"]


def test_everything_that_leaves_is_listed_with_its_reason_and_counted():
    table = rows(
        *GOOD,
        ("e", "u", "u:5", "COVID-19", "L", "5"),
        ("f", "u", "u:5", "COVID-19", None, "6"),
        ("g", "u", "u:5", "SARS", "PA", "7"),
        ("h", "u", "u:5", "COVID-19", "PA", "1"),
        ("i", "u", "u:6", "COVID-19", "PA", "9"),
    )
    chosen, flow = select_images(table, rejected("no such file"), **RULES)
    assert len(chosen) == 4
    excluded = flow.exclusions().set_index("file")["reason"].to_dict()
    drawn_out = [file for file, reason in excluded.items() if reason == "not drawn"]
    assert {f: r for f, r in excluded.items() if f not in drawn_out} == {
        "e": "view L",
        "f": "view unknown",
        "g": "finding SARS",
        "h": "exact duplicate",
    }
    assert len(drawn_out) == 1
    counts = [step["images"] for step in flow.steps]
    assert counts[0] == len(table) + 1
    for before, step in zip(counts, flow.steps[1:], strict=False):
        assert before - step["images"] == sum(reason["images"] for reason in step["removed"])


def test_the_same_bytes_under_two_classes_are_both_left_out():
    extra = [("x", "u", "u:8", "COVID-19", "PA", "8"), ("y", "k", "k:8", "No finding", "PA", "8")]
    chosen, flow = select_images(rows(*GOOD, *extra), rejected(), **RULES)
    assert set(chosen["file"]) == set("abcd")
    assert (flow.exclusions()["reason"] == "same bytes under two classes").sum() == 2


def test_a_class_without_images_is_named():
    with pytest.raises(InputError, match=r"cohort\.classes\.normal.*no image is left; 1 rows"):
        select_images(
            rows(*GOOD[:2], ("c", "k", "k:1", "No finding", "L", "3")), rejected(), **RULES
        )


def many(rng, n=200):
    patients = rng.integers(0, 80, n)
    return pd.DataFrame(
        {
            "image_id": [f"i{i:03d}" for i in range(n)],
            "patient_id": [f"p{p}" for p in patients],
            "class": np.where(patients % 4 == 0, "covid", "normal"),
            "finding": rng.choice(["SARS", "No finding", "viral pneumonia"], n, p=[0.1, 0.5, 0.4]),
        }
    )


@pytest.mark.parametrize(("per_class", "expected"), [("min", None), (20, 20), (10_000, None)])
def test_classes_are_balanced_and_as_many_patients_as_possible_drawn(rng, per_class, expected):
    table = many(rng)
    smallest = table["class"].value_counts().min()
    drawn = table.loc[balance(table, per_class, 7, {}).isna()]
    assert set(drawn["class"].value_counts()) == {expected or smallest}
    for name, members in drawn.groupby("class"):
        patients = table.loc[table["class"] == name, "patient_id"].nunique()
        assert members["patient_id"].nunique() == min(patients, len(members))


def test_all_draws_everything(rng):
    assert balance(many(rng), "all", 7, {}).isna().all()


def test_a_mapping_gives_each_class_a_most_of_its_own(rng):
    table = many(rng)
    drawn = table.loc[balance(table, {"covid": 12, "normal": 10_000}, 7, {}).isna()]
    counts = drawn["class"].value_counts()
    assert counts["covid"] == 12
    assert counts["normal"] == (table["class"] == "normal").sum()


def test_first_findings_are_drawn_before_the_others(rng):
    table = many(rng)
    rare = (table["class"] == "normal") & (table["finding"] == "SARS")
    size = int(rare.sum()) + 5
    drawn = balance(table, {"covid": 2, "normal": size}, 7, {"normal": ["sars"]}).isna()
    assert drawn[rare].all()
    assert drawn[table["class"] == "normal"].sum() == size
    assert not balance(table, {"covid": 2, "normal": size}, 7, {}).isna()[rare].all()


def test_the_draw_of_a_class_follows_the_seed_and_not_the_other_classes(rng):
    table = many(rng)
    table = table.assign(**{"class": table["class"].where(rng.random(200) > 0.3, "viral")})
    fewer = table.loc[table["class"] != "viral"]
    drawn = table.loc[balance(table, 10, 7, {}).isna() & (table["class"] == "normal"), "image_id"]
    again = fewer.loc[balance(fewer, 10, 7, {}).isna() & (fewer["class"] == "normal"), "image_id"]
    other = table.loc[balance(table, 10, 8, {}).isna() & (table["class"] == "normal"), "image_id"]
    assert drawn.tolist() == again.tolist() != other.tolist()


def test_near_duplicates_join_their_patients():
    groups = group_patients(["a", "a", "b", "c", "d"], np.array([[1, 3], [2, 4]]))
    assert groups.tolist() == [0, 0, 1, 0, 1]
    flagged = near_duplicate_groups(5, np.array([[1, 3]]))
    assert flagged.isna().tolist() == [True, False, True, False, True]


def test_what_shows_the_same_under_two_classes_leaves():
    table = pd.DataFrame({"class": list("ababb"), "image_id": list("vwxyz")}, index=range(3, 8))
    assert contradictions(table, np.array([[0, 1], [3, 4], [1, 2]])) == set("vwx")
    assert contradictions(table, NOTHING) == set()


def test_what_contradicts_leaves_before_the_classes_are_balanced():
    entries, _ = select_images(rows(*GOOD), rejected(), **RULES)
    gone = entries.loc[entries["class"] == "normal", "image_id"].iloc[0]
    left, flow = select_images(rows(*GOOD), rejected(), **RULES | {"contradicting": {gone}})
    assert gone not in set(left["image_id"])
    assert left["class"].value_counts().to_dict() == {"covid": 1, "normal": 1}
    reasons = flow.exclusions().set_index("file")["reason"]
    assert (reasons == "near duplicate of an image of another class").sum() == 1


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 0.3), st.floats(0.1, 0.3))
def test_no_group_is_divided_and_every_class_is_in_every_split(seed, validation, test):
    rng = np.random.default_rng(seed)
    table = many(rng, int(rng.integers(80, 300)))
    pairs = rng.integers(0, len(table), (5, 2))
    table = table.assign(source="s", file="f", sha256=table["image_id"])
    cohort = assign_splits(table, pairs, link_patients(table), validation, test, seed)
    for column, expected in (("patient_id", 1), ("split_group", 1), ("class", 3)):
        assert set(cohort.groupby(column)["split"].nunique()) == {expected}
    flow = select_images(rows(*GOOD), rejected(), **RULES)[1]
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
    cohort = assign_splits(kept.reset_index(drop=True), NOTHING, link_patients(table), 0.2, 0.2, 0)
    person = cohort["patient_id"].str[1:]
    assert set(cohort.groupby(person)["split"].nunique()) == {1}
    assert (independent_patients(cohort) == ("x" + person).to_numpy()).all()


def test_shares_are_close_to_what_was_asked():
    groups = np.arange(600) // 2
    classes = np.where(groups % 3 == 0, "a", "b")
    parts = stratified_split(classes, groups, 0.15, 0.2, 0)
    for name in ("a", "b"):
        shares = {part: np.mean(parts[classes == name] == part) for part in np.unique(parts)}
        assert shares["test"] == pytest.approx(0.2, abs=0.03)
        assert shares["validation"] == pytest.approx(0.15, abs=0.03)


def test_a_class_with_too_few_patients_is_named():
    with pytest.raises(InputError, match=r"cohort\.classes\.b.*only 2 independent patients"):
        stratified_split(
            np.array(list("aaaaabbbb")), np.array([0, 1, 2, 3, 4, 5, 5, 6, 6]), 0.2, 0.2, 0
        )
