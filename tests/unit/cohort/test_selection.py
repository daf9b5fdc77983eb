"""Who is in the cohort, and why the others are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxr.cohort.selection import ClassRule, assign_classes, balance, contradictions, select_images
from cxr.core.errors import InputError
from cxr.metadata.findings import finding
from tests.helpers.selection import CLASSES, GOOD, SETTINGS, many, rejected, rows

NOTHING = np.empty((0, 2), dtype=np.int64)


def test_a_finding_may_hold_several_terms_and_must_fit_one_class():
    table = rows(
        *GOOD, ("e", "u", "u:3", "No finding", "PA", "5"), ("f", "u", "u:4", None, "PA", "6")
    )
    labels, reasons = assign_classes(table, CLASSES)
    assert labels.tolist() == ["covid", "covid", "normal", "normal", None, None]
    assert reasons.tolist()[4:] == ["finding No finding", "finding unknown"]
    both = CLASSES | {"ards": ClassRule(("ards",))}
    labels, reasons = assign_classes(table.head(1), both)
    assert reasons.tolist() == ["fits several classes: covid, ards"]
    both["ards"] = ClassRule(("ards",), without=("covid-19",))
    assert assign_classes(table.head(1), both)[0].tolist() == ["covid"]


@pytest.mark.parametrize(
    ("word", "cell"),
    [
        ("Pneumonia/Viral/COVID-19", "Pneumonia/Viral/COVID-19"),
        ("SARS-CoV-2", "COVID-19"),
        ("normal", "No Finding"),
        ("foo-bar", "Foo_Bar"),
        ("COVID-19, ARDS", "ARDS|COVID-19|Foo"),
        ("Negative for Pneumonia", "no pneumonia"),
    ],
)
def test_a_class_is_found_by_any_word_for_its_finding(word, cell):
    table = rows(("a", "u", "u:1", finding(cell), "PA", "1"))
    classes = {"wanted": ClassRule((word,)), "other": ClassRule(("COVID-19",), without=(word,))}
    assert assign_classes(table, classes)[0].tolist() == ["wanted"]


@pytest.mark.parametrize(
    "cell", ["COVID-19", "no COVID-19, ARDS", "non-COVID", "suspected COVID-19"]
)
def test_an_image_needs_all_terms_of_a_finding_and_not_their_negation(cell):
    table = rows(("a", "u", "u:1", finding(cell), "PA", "1"))
    assert assign_classes(table, {"c": ClassRule(("COVID-19, ARDS",))})[0].tolist() == [None]


def test_a_finding_that_is_no_word_is_no_rule():
    table = rows(("a", "u", "u:1", "SARS", "PA", "1"))
    assert assign_classes(table, {"c": ClassRule(("unknown",))})[0].tolist() == [None]


def test_views_and_modality_may_be_spelt_in_other_ways():
    settings = replace(SETTINGS, views=("posteroanterior", "AP view"), modality="CXR")
    chosen, flow = select_images(rows(*GOOD), rejected(), settings, (), seed=1)
    assert len(chosen) == 4
    assert flow.steps[2]["name"] == "CXR images"


def test_everything_that_leaves_is_listed_with_its_reason_and_counted():
    table = rows(
        *GOOD,
        ("e", "u", "u:5", "COVID-19", "L", "5"),
        ("f", "u", "u:5", "COVID-19", None, "6"),
        ("g", "u", "u:5", "SARS", "PA", "7"),
        ("h", "u", "u:5", "COVID-19", "PA", "1"),
        ("i", "u", "u:6", "COVID-19", "PA", "9"),
    )
    chosen, flow = select_images(table, rejected("no such file"), SETTINGS, (), seed=1)
    assert len(chosen) == 4
    excluded = flow.exclusions().set_index("file")["reason"].to_dict()
    removed = [file for file, reason in excluded.items() if reason == "removed by balancing"]
    assert {f: r for f, r in excluded.items() if f not in removed} == {
        "e": "view L",
        "f": "view unknown",
        "g": "finding SARS",
        "h": "exact duplicate",
    }
    assert len(removed) == 1
    counts = [step["images"] for step in flow.steps]
    assert counts[0] == len(table) + 1
    for before, step in zip(counts, flow.steps[1:], strict=False):
        assert before - step["images"] == sum(reason["images"] for reason in step["removed"])


def test_the_same_bytes_under_two_classes_are_both_left_out():
    extra = [("x", "u", "u:8", "COVID-19", "PA", "8"), ("y", "k", "k:8", "No finding", "PA", "8")]
    chosen, flow = select_images(rows(*GOOD, *extra), rejected(), SETTINGS, (), seed=1)
    assert set(chosen["file"]) == set("abcd")
    assert (flow.exclusions()["reason"] == "same bytes under two classes").sum() == 2


def test_a_class_without_images_is_named():
    with pytest.raises(InputError, match=r"cohort\.classes\.normal.*no image is left: of 1 with"):
        select_images(
            rows(*GOOD[:2], ("c", "k", "k:1", "No finding", "L", "3")), rejected(), SETTINGS, (), 1
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


def test_what_shows_the_same_under_two_classes_leaves():
    table = pd.DataFrame({"class": list("ababb"), "image_id": list("vwxyz")}, index=range(3, 8))
    assert contradictions(table, np.array([[0, 1], [3, 4], [1, 2]])) == set("vwx")
    assert contradictions(table, NOTHING) == set()


def test_what_contradicts_leaves_before_the_classes_are_balanced():
    entries, _ = select_images(rows(*GOOD), rejected(), SETTINGS, (), seed=1)
    gone = entries.loc[entries["class"] == "normal", "image_id"].iloc[0]
    left, flow = select_images(rows(*GOOD), rejected(), SETTINGS, {gone}, seed=1)
    assert gone not in set(left["image_id"])
    assert left["class"].value_counts().to_dict() == {"covid": 1, "normal": 1}
    reasons = flow.exclusions().set_index("file")["reason"]
    assert (reasons == "near duplicate of an image of another class").sum() == 1


def test_of_exact_duplicates_the_first_by_its_name_stays():
    twice = rows(*GOOD, ("A", "u", "u:9", "COVID-19", "PA", "1"))
    chosen, flow = select_images(twice, rejected(), SETTINGS, (), seed=1)
    assert flow.exclusions().set_index("file")["reason"]["a"] == "exact duplicate"
    assert chosen["image_id"].tolist() == sorted(chosen["image_id"])
    assert chosen.index.tolist() == list(range(len(chosen)))


def test_images_of_another_modality_and_of_another_source_leave():
    table = rows(*GOOD, ("e", "u", "u:5", "COVID-19", "PA", "5"))
    table.loc[table["file"] == "e", "modality"] = "CT"
    _, flow = select_images(table, rejected(), SETTINGS, (), seed=1)
    assert flow.exclusions().set_index("file")["reason"]["e"] == "modality CT"
    names = ["entries of the sources", "usable images", "X-ray images", "selected views"]
    assert [step["name"] for step in flow.steps][:4] == names
    assert [step["images"] for step in flow.steps] == [5, 5, 4, 4, 4, 4, 4]


def test_a_draw_takes_a_second_image_only_when_every_patient_has_one():
    table = pd.DataFrame({"image_id": [f"i{i}" for i in range(9)], "class": "a", "finding": "x"})
    table["patient_id"] = list("pppppqqrs")
    for size, counts in ((4, [1, 1, 1, 1]), (6, [2, 2, 1, 1]), (8, [4, 2, 1, 1])):
        drawn = table.loc[balance(table, size, 3, {}).isna(), "patient_id"]
        assert drawn.value_counts().sort_index().tolist() == counts
    reasons = balance(table, 4, 3, {})
    assert reasons.dropna().unique().tolist() == ["removed by balancing"]
    seeds = {tuple(balance(table, 4, seed, {}).isna()) for seed in range(20)}
    assert len(seeds) > 3


def test_first_findings_are_drawn_whole_before_a_second_round():
    """Both images of one patient with the preferred finding come before other patients."""
    table = pd.DataFrame({"image_id": list("abcde"), "class": "k", "patient_id": list("ppqrs")})
    table["finding"] = ["SARS", "SARS", "x", "x", "x"]
    drawn = table.loc[balance(table, 3, 0, {"k": ["sars"]}).isna(), "image_id"].tolist()
    assert drawn[:2] == ["a", "b"]
    assert len(drawn) == 3


def test_a_class_without_members_says_how_many_rows_have_its_finding():
    words = r"its findings \(No finding\); the findings are COVID-19 \(2\), ARDS \(1\)"
    with pytest.raises(InputError, match=f"no image is left: no row has one of {words}"):
        select_images(rows(*GOOD[:2]), rejected(), SETTINGS, (), 1)


def test_the_first_class_without_images_is_named_though_another_has_some():
    with pytest.raises(InputError, match=r"cohort\.classes\.covid.*no image is left"):
        select_images(rows(*GOOD[2:]), rejected(), SETTINGS, (), 1)


def test_without_views_in_the_config_every_view_counts():
    settings = replace(SETTINGS, views=None)
    table = rows(*GOOD[:2], *GOOD[2:]).assign(view=[None, "L", *["PA"] * (len(GOOD) - 2)])
    selected, flow = select_images(table, rejected(), settings, (), 1)
    assert "selected views" not in [step["name"] for step in flow.steps]
    assert selected["view"].isna().any()
