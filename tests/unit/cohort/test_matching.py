"""Classes that are matched have the same distribution of each matched field."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cxr.cohort.mending import mending
from cxr.cohort.selection import EmptyClass, select_images
from cxr.core.errors import InputError
from tests.helpers.selection import SETTINGS, rejected

MATCHED = replace(SETTINGS, views=None, match=("view", "age_band"))


def recorded(rng, n=400):
    """Images of two classes of which one is older and seen from the front more often."""
    patients = rng.integers(0, 150, n)
    ill = patients % 3 == 0
    table = pd.DataFrame({"image_id": [f"k/i{i:03d}" for i in range(n)], "source": "k"})
    table["file"] = table["image_id"].str.removeprefix("k/")
    table["patient_id"] = [f"p{p}" for p in patients]
    table["finding"] = np.where(ill, "COVID-19", "No finding")
    table["sha256"] = table["image_id"]
    table["view"] = np.where(rng.random(n) < np.where(ill, 0.8, 0.3), "PA", "AP")
    table.loc[rng.random(n) < 0.1, "view"] = None
    table["age_years"] = np.where(ill, 40, 20) + rng.integers(0, 40, n).astype(float)
    return table.assign(modality="X-ray")


def strata_of(rows):
    return rows.assign(old=rows["age_years"] // 20).groupby(["class", "view", "old"]).size()


def test_every_class_has_the_same_number_of_each_combination(rng):
    table = recorded(rng)
    chosen, flow = select_images(table, rejected(), MATCHED, (), seed=1)
    counts = strata_of(chosen)
    pd.testing.assert_series_equal(counts["covid"], counts["normal"], check_names=False)
    everyone = table.assign(**{"class": table["finding"].map({"COVID-19": "covid"})})
    everyone["class"] = everyone["class"].fillna("normal")
    whole = strata_of(everyone)
    smallest = whole.groupby(["view", "old"]).agg(["min", "size"]).query("size == 2")["min"]
    assert counts["covid"].tolist() == smallest.tolist()
    names = [step["name"] for step in flow.steps[-3:]]
    assert names == [
        "with view, age_band recorded",
        "with images of every class alike in them",
        "matched",
    ]


def test_what_matching_costs_is_counted_with_its_reasons(rng):
    table = recorded(rng)
    chosen, flow = select_images(table, rejected(), MATCHED, (), seed=1)
    reasons = flow.exclusions()["reason"].value_counts()
    assert reasons["not matched: view unknown"] == table["view"].isna().sum()
    assert reasons["not matched: not every class has view PA, age_band 60 to 79"] > 0
    assert len(chosen) + reasons.sum() == len(table)
    assert all(mending(reason) for reason in reasons.index)


def test_a_limit_keeps_the_proportions_and_the_seed_the_images(rng):
    table = recorded(rng)
    whole = strata_of(select_images(table, rejected(), MATCHED, (), seed=1)[0])["covid"]
    settings = replace(MATCHED, per_class=20)
    chosen = [select_images(table, rejected(), settings, (), seed)[0] for seed in (1, 1, 2)]
    counts = strata_of(chosen[0])
    assert chosen[0]["class"].value_counts().to_dict() == {"covid": 20, "normal": 20}
    assert counts["covid"].tolist() == counts["normal"].tolist()
    quotas = whole * 20 / whole.sum()
    assert ((counts["covid"] - quotas).abs() < 1).all()
    ids = [rows["image_id"].tolist() for rows in chosen]
    assert ids[0] == ids[1] != ids[2]


def test_patients_are_drawn_before_second_images_of_them(rng):
    chosen, _ = select_images(recorded(rng), rejected(), MATCHED, (), seed=1)
    settings = replace(MATCHED, per_class=20)
    drawn, _ = select_images(recorded(rng), rejected(), settings, (), seed=1)
    share = {len(rows): rows["patient_id"].nunique() / len(rows) for rows in (chosen, drawn)}
    assert share[40] > share[len(chosen)]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"view": None}, "view is not recorded for covid; match fewer fields"),
        ({"view": "L"}, "no view is common to all classes; match fewer fields"),
    ],
)
def test_an_impossible_match_is_one_clear_line(rng, change, why):
    table = recorded(rng)
    ill = table["finding"] == "COVID-19"
    for name, value in change.items():
        table.loc[ill, name] = value
    with pytest.raises(EmptyClass) as error:
        select_images(table, rejected(), MATCHED, (), seed=1)
    line = str(error.value)
    assert line.startswith("config key 'cohort.match': no combination of view, age_band has")
    assert why in line
    assert "\n" not in line


def test_numbers_are_no_strata_and_own_text_is(rng):
    table = recorded(rng).assign(dose=1.5, ward=rng.choice(["a", "b"], 400))
    with pytest.raises(InputError, match="dose holds numbers"):
        select_images(table, rejected(), replace(MATCHED, match=("dose",)), (), seed=1)
    chosen, _ = select_images(table, rejected(), replace(MATCHED, match=("ward",)), (), seed=1)
    counts = chosen.groupby(["class", "ward"]).size()
    assert counts["covid"].tolist() == counts["normal"].tolist()
