"""A gap between subgroups is found where there is one, and none where there is none."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from cxr.evaluation.gaps import METRICS
from cxr.evaluation.subgroups import COLUMNS, largest_gap, subgroup_table
from tests.unit.evaluation.test_confounding import study_of

CLASSES = ["a", "b", "c"]


def cohort(seed, gap=0.0, patients=180):
    """Two images of each patient; a network that is worse for class a in view AP by a gap."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.choice(CLASSES, patients), 2)
    n = len(labels)
    fields = pd.DataFrame(
        {
            "view": rng.choice(["PA", "AP", "AP Supine"], n),
            "sex": np.repeat(rng.choice(["F", "M"], patients), 2),
            "country": np.repeat(rng.choice(["x", "y", "z", "w"], patients), 2),
            "dose": np.repeat(rng.normal(size=patients), 2),
            "doi": "one",
        }
    )
    fields.loc[rng.random(n) < 0.1, "sex"] = None
    chance = np.where((labels == "a") & (fields["view"] == "AP"), 0.85 - gap, 0.85)
    codes = np.array([CLASSES.index(name) for name in labels])
    wrong = (codes + rng.integers(1, 3, n)) % 3
    answers = np.where(rng.random(n) < chance, codes, wrong)
    scores = np.where(answers[:, None] == np.arange(3), 2.0, 0.2) + rng.random((n, 3))
    fields.index = [f"i{i:04d}" for i in range(n)]
    scores /= scores.sum(axis=1, keepdims=True)
    return study_of(rng, fields, labels, scores, CLASSES, images=2)


def table_of(study, replicates=100, permutations=499):
    return subgroup_table(study, 0, replicates=replicates, permutations=permutations)


def test_the_rates_of_a_level_are_those_of_scikit_learn():
    study = cohort(1, patients=360)
    table = table_of(study).set_index(["field", "level", "class", "metric"]).sort_index()
    assert set(table.reset_index().columns) == set(COLUMNS)
    field = study.fields.loc[study.predictions["image_id"], "sex"]
    for level, others in (("F", "M"), ("M", "F")):
        rows, rest = (study.predictions[(field == name).to_numpy()] for name in (level, others))
        for name in CLASSES:
            truth, called = rows["class"] == name, rows["predicted"] == name
            found = table.loc["sex", level, name]
            values = found["value"].loc[list(METRICS)]
            expected = [
                metrics.recall_score(truth, called),
                metrics.recall_score(~truth, ~called),
                metrics.roc_auc_score(truth, rows[f"probability_{name}"]),
            ]
            assert values.tolist() == pytest.approx(expected, abs=1e-6)
            assert found["images"].iloc[0] == len(rows)
            if level == "F":
                other = metrics.recall_score(rest["class"] == name, rest["predicted"] == name)
                gap = found.loc["sensitivity", "difference"]
                assert gap == pytest.approx(expected[0] - other, abs=1e-6)
            else:
                assert found["difference"].isna().all()
    known = table.dropna(subset=["low", "high"])
    assert len(known) > 50
    assert known["value"].between(known["low"], known["high"]).all()


def test_the_fields_are_those_of_subgroups_and_numbers_are_fifths():
    table = table_of(cohort(1))
    assert table["field"].unique().tolist() == ["view", "sex", "country", "dose"]
    doses = table.loc[table["field"] == "dose", "level"].unique()
    assert len(doses) == 5
    lows = [float(level.split(" to ")[0]) for level in doses]
    assert lows == sorted(lows)


def test_a_planted_gap_is_the_largest_that_remains():
    found = largest_gap(table_of(cohort(3, gap=0.7, patients=360)))
    gap = found["gap"]
    assert found["remaining"] >= 1
    assert (gap["field"], gap["level"], gap["class"]) == ("view", "AP", "a")
    assert gap["metric"] == "sensitivity"
    assert gap["difference"] < -0.4
    assert gap["q"] <= 0.05


def test_no_gap_remains_in_twenty_cohorts_without_one():
    found = [largest_gap(table_of(cohort(seed), 2, 199)) for seed in range(20)]
    assert min(each["tested"] for each in found) > 60
    assert sum(each["remaining"] > 0 for each in found) <= 1
    assert sum(each["remaining"] for each in found) <= 2


def test_a_level_with_more_of_a_class_that_is_hard_to_tell_is_no_gap():
    """The network calls b for c; AP has more of c, so that b's specificity is lower there."""
    rng = np.random.default_rng(5)
    labels = rng.choice(CLASSES, 900)
    hard = labels == "c"
    view = np.where(rng.random(900) < np.where(hard, 0.8, 0.2), "AP", "PA")
    answers = np.where(hard & (rng.random(900) < 0.5), "b", labels)
    scores = np.where(answers[:, None] == np.array(CLASSES), 0.8, 0.1)
    table = table_of(study_of(rng, {"view": view}, labels, scores, CLASSES))
    row = table.query("level == 'AP' and `class` == 'b' and metric == 'specificity'").iloc[0]
    other = table.query("level == 'PA' and `class` == 'b' and metric == 'specificity'").iloc[0]
    assert row["value"] < other["value"] - 0.1
    assert abs(row["difference"]) < 0.1
    assert row["q"] > 0.05


def test_p_values_are_even_without_a_gap():
    p = pd.concat([table_of(cohort(seed), 2, 199)["p"].dropna() for seed in range(100, 106)])
    assert 0.01 < (p <= 0.05).mean() < 0.08


def test_small_levels_have_no_rates_and_two_classes_one_row():
    rng = np.random.default_rng(0)
    labels = rng.choice(["ill", "well"], 90)
    view = np.where(np.arange(90) < 12, "L", "PA").astype(object)
    scores = rng.dirichlet([1, 1], 90)
    study = study_of(rng, {"view": view, "sex": None}, labels, scores, ["ill", "well"])
    table = table_of(study)
    assert set(table["level"]) == {"PA"}
    assert set(table["class"]) == {"ill"}
    assert table["value"].notna().all()
    assert largest_gap(table) == {"tested": 0, "remaining": 0, "gap": None}
