"""Parts: every image is tested once, and patients are divided in the random protocol alone."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxr.cohort.protocols import DivisionSettings, divide_protocols, infeasible_reason, part_cohort
from cxr.cohort.splits import SplitShares
from cxr.core.errors import InputError
from cxr.planning.parts import ProtocolSettings, protocol_parts

SETTINGS = ProtocolSettings(folds=4, repeats=2, random_split=True, leave_source_out=True)
SPLITS = SplitShares(validation=0.15, test=0.2)
SOURCES = ("one", "two")


@pytest.fixture
def cohort(rng):
    """Two classes, 60 patients with one to three images each, two sources."""
    patients = np.repeat(np.arange(60), rng.integers(1, 4, 60))
    n = len(patients)
    table = pd.DataFrame({"image_id": [f"i{i:03d}" for i in range(n)], "split_group": patients})
    table["class"] = np.where(patients % 2, "a", "b")
    table["source"] = np.where(patients < 40, "one", "two")
    table["split"] = np.where(patients < 36, "train", np.where(patients < 48, "validation", "test"))
    return table


def divided(cohort, **changes):
    evaluation = replace(SETTINGS, **changes)
    return divide_protocols(cohort, DivisionSettings(evaluation, SPLITS, SOURCES, seed=3))


def test_the_parts_of_a_config_are_those_that_are_divided(cohort):
    parts = protocol_parts(SETTINGS, SOURCES)
    assert len(parts) == 8 + 8 + 2
    folds = divided(cohort)
    protocols = folds.groupby("part")["protocol"].first().to_dict()
    assert protocols == parts | {"study": "study"}
    assert protocol_parts(ProtocolSettings(folds=None, repeats=3), SOURCES) == {}
    assert list(protocol_parts(ProtocolSettings(folds=None, random_split=True), [])) == [
        "random-r1f1"
    ]


def test_every_image_is_tested_once_a_repeat(cohort):
    folds = divided(cohort)
    for protocol in ("grouped", "random"):
        test = folds.loc[(folds["protocol"] == protocol) & (folds["split"] == "test")]
        turns = test.assign(repeat=test["part"].str.extract(r"r(\d+)f")[0])
        counts = turns.groupby(["repeat", "image_id"]).size()
        assert (counts == 1).all()
        assert len(counts) == 2 * len(cohort)
    first, second = (
        set(
            folds.loc[(folds["part"] == f"grouped-r{r}f1") & (folds["split"] == "test"), "image_id"]
        )
        for r in (1, 2)
    )
    assert first != second


def test_patients_are_divided_in_the_random_protocol_alone(cohort):
    folds = divided(cohort).merge(cohort[["image_id", "split_group"]])
    several = folds.groupby(["protocol", "part", "split_group"])["split"].nunique().gt(1)
    assert set(several[several].index.get_level_values("protocol")) == {"random"}
    assert several["random"].mean() > 0.2


def test_every_part_trains_validates_and_tests_every_class(cohort):
    folds = divided(cohort).merge(cohort[["image_id", "class"]])
    kept = folds.loc[~folds["part"].str.startswith("without")]
    counts = kept.groupby(["part", "split", "class"]).size()
    assert len(counts) == kept["part"].nunique() * 3 * 2


def test_a_part_without_a_source_tests_just_that_source(cohort):
    folds = divided(cohort).merge(cohort[["image_id", "source"]])
    part = folds.loc[folds["part"] == "without-two"]
    assert set(part.loc[part["split"] == "test", "source"]) == {"two"}
    assert set(part.loc[part["split"] != "test", "source"]) == {"one"}


def test_a_source_that_a_class_needs_is_not_left_out(cohort):
    cohort.loc[cohort["class"] == "a", "source"] = "one"
    assert "without-one" not in set(divided(cohort)["part"])
    assert "without-two" in set(divided(cohort)["part"])
    reason = infeasible_reason(cohort, (cohort["source"] == "one").to_numpy())
    assert reason == "fewer than 3 patients of class a are from elsewhere"
    assert part_cohort(cohort, divided(cohort), "without-one").empty


def test_of_part_keeps_the_cohorts_order(cohort):
    folds = divided(cohort).sample(frac=1, random_state=0)
    part = part_cohort(cohort, folds, "random-r1f2")
    assert part["image_id"].tolist() == cohort["image_id"].tolist()
    expected = folds.loc[folds["part"] == "random-r1f2"].set_index("image_id")["split"]
    assert (part["split"].to_numpy() == expected.loc[part["image_id"]].to_numpy()).all()


def test_fewer_patients_than_folds_are_named(cohort):
    few = cohort.loc[(cohort["class"] == "b") | (cohort["split_group"] < 10)]
    with pytest.raises(InputError, match=r"'evaluation.folds': class a has 5 independent patients"):
        divided(few, folds=6)


def test_without_folds_the_random_part_has_the_studys_shares(cohort):
    folds = divided(cohort, folds=None, repeats=1)
    shares = folds.loc[folds["part"] == "random-r1f1", "split"].value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.2, abs=0.05)
    assert shares["validation"] == pytest.approx(0.15, abs=0.05)
    assert "grouped" not in set(folds["protocol"])


def test_a_source_that_leaves_three_patients_of_each_class_is_left_out():
    table = pd.DataFrame({"class": ["a"] * 5 + ["b"] * 5, "split_group": range(10)})
    from_there = np.array([1, 1, 0, 0, 0, 1, 1, 0, 0, 0], bool)
    assert infeasible_reason(table, from_there) is None
    from_there[2] = True
    assert infeasible_reason(table, from_there) == (
        "fewer than 3 patients of class a are from elsewhere"
    )
    assert infeasible_reason(table, np.zeros(10, bool)) == "no image of the cohort is from it"
    table.loc[2:4, "split_group"] = 3, 3, 4  # three images of two patients
    assert infeasible_reason(table, np.array([1, 1, 0, 0, 0] + [0] * 5, bool)) is not None


def test_as_many_patients_as_folds_are_enough():
    table = pd.DataFrame({"image_id": [f"i{i}" for i in range(8)], "class": ["a", "b"] * 4})
    table = table.assign(split_group=range(8), source="one", split="train")
    four = divided(table, repeats=1, random_split=False, leave_source_out=False)
    tested = four.loc[(four["protocol"] == "grouped") & (four["split"] == "test")]
    assert tested.groupby("part").size().tolist() == [2] * 4
    with pytest.raises(InputError, match="class a has 4 independent patients, fewer than the 5"):
        divided(table, folds=5, repeats=1)


def test_validation_images_are_a_share_of_all_images():
    n = 100
    table = pd.DataFrame({"image_id": [f"i{i}" for i in range(n)], "class": ["a", "b"] * (n // 2)})
    table = table.assign(split_group=np.arange(n) // 2 * 2 + np.arange(n) % 2, split="train")
    table["source"] = np.where(np.arange(n) < 50, "one", "two")
    settings = ProtocolSettings(folds=5, repeats=1, random_split=True, leave_source_out=True)
    shares = SplitShares(validation=0.1, test=0.5)
    folds = divide_protocols(table, DivisionSettings(settings, shares, SOURCES, seed=3))
    counts = pd.crosstab([folds["protocol"], folds["part"]], folds["split"])
    assert (counts.loc["grouped"] == [20, 64, 16]).all(axis=None)
    assert (counts.loc["random"] == [20, 64, 16]).all(axis=None)
    # A share of what the other source has.
    assert counts.loc["without-two"].to_numpy().tolist() == [[50, 45, 5]]


def test_parts_follow_the_seed_and_repeats_differ():
    table = pd.DataFrame({"image_id": [f"i{i}" for i in range(24)], "class": ["a", "b"] * 12})
    table = table.assign(split_group=range(24), source="one", split="train")
    settings = ProtocolSettings(folds=3, repeats=2)
    one, two, other = (
        divide_protocols(table, DivisionSettings(settings, SPLITS, SOURCES, seed))
        for seed in (3, 3, 4)
    )
    assert one.equals(two)
    assert not one.equals(other)
    assert one.index.is_unique

    def tested(folds, part):
        rows = folds.loc[(folds["part"] == part) & (folds["split"] == "test"), "image_id"]
        return set(rows)

    greatest, middle, zero = (
        divide_protocols(table, DivisionSettings(settings, SPLITS, SOURCES, seed))
        for seed in (2**32 - 1, 2**31, 0)
    )
    assert tested(greatest, "grouped-r2f1") == tested(zero, "grouped-r1f1")
    assert tested(middle, "grouped-r1f1") != tested(zero, "grouped-r1f1")
    assert tested(one, "grouped-r1f1") != tested(one, "grouped-r2f1")
    # A repeat is the division of the next seed.
    assert tested(one, "grouped-r2f1") == tested(other, "grouped-r1f1")
