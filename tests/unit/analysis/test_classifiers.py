"""Classifiers of one recorded field: nothing where patients are divided by it alone."""

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from cxr.analysis.classifiers import MAJORITY, predict_target
from cxr.analysis.description import frequencies, missing
from cxr.analysis.relations import relate
from cxr.analysis.settings import ValidationSettings
from cxr.analysis.task import encode, encoder
from cxr.config.catalogue.classifiers import CLASSIFIERS
from cxr.core.errors import InputError
from cxr.figures.metadata import pairs as figure_of_pairs
from cxr.figures.metadata import values
from tests.helpers.records import PREDICTORS, patients_of, severity_task


def accuracies(rows, permutations=24, repeats=1):
    table = predict_target(severity_task(rows), ValidationSettings(4, repeats, permutations, 1), {})
    return table.set_index(["protocol", "classifier"])


def test_what_a_record_repeats_is_no_prediction(rng):
    """Ages single patients out, so that in an image-level split a tree knows each of them."""
    found = accuracies(patients_of(rng))
    assert found.loc[("random", "decision tree"), "accuracy"] > 0.9
    grouped = found.loc["grouped"].loc[list(CLASSIFIERS)]
    assert grouped["accuracy"].max() < 0.75
    assert (grouped["p"] > 0.05).all()
    assert found.loc["random", "p"].isna().all()


def test_what_is_there_is_found_and_beats_chance(rng):
    found = accuracies(patients_of(rng, informative=True)).loc["grouped"]
    assert found.loc["logistic regression", "low"] > found.loc[MAJORITY, "accuracy"]
    assert found.loc["logistic regression", "p"] == pytest.approx(1 / 25)


def test_accuracies_are_scikit_learns(rng):
    rows = patients_of(rng)
    task = severity_task(rows)
    folds = GroupKFold(4, shuffle=True, random_state=1)
    predicted = cross_val_predict(
        make_pipeline(encoder(task.predictors), GaussianNB()),
        task.predictors,
        task.target,
        groups=task.groups,
        cv=folds,
    )
    ours = accuracies(rows, permutations=1).loc[("grouped", "Gaussian naive Bayes"), "accuracy"]
    assert ours == pytest.approx((predicted == task.target).mean(), abs=1e-6)


def test_rare_values_of_the_target_are_left_out_and_too_few_are_said(rng):
    rows = patients_of(rng)
    rows.loc[rows["patient_id"] == "p0", "severity"] = "critical"
    task = severity_task(rows)
    assert set(task.target) == {"mild", "severe"}
    with pytest.raises(InputError, match="fewer than two values of severity"):
        severity_task(rows.loc[rows["severity"] != "mild"])
    few = severity_task(patients_of(rng, n=3), min_patients=1)
    with pytest.raises(InputError, match=r"analysis\.folds"):
        predict_target(few, ValidationSettings(4, 1, 1, 0), {})
    small = severity_task(patients_of(rng, n=6, images=1), min_patients=1)
    with pytest.raises(InputError, match="4 images to learn from, the classifiers need 5"):
        predict_target(small, ValidationSettings(3, 1, 1, 0), {})


def test_patients_count_once_each(rng):
    """Twelve patients with one image, eight with six: who says the commonest is right for those."""
    rows = patients_of(rng, n=20, images=6)
    many = rows["split_group"] < 8
    rows["severity"] = np.where(many, "severe", "mild")
    rows = rows.loc[many | ~rows["patient_id"].duplicated()]
    found = accuracies(rows, permutations=1).loc[("grouped", MAJORITY)]
    assert (found["accuracy"], found["by_patient"]) == (0.8, 0.4)
    assert found["by_patient_low"] < 0.4 < found["by_patient_high"]


def test_near_duplicates_of_two_patients_are_in_one_fold(rng):
    """Two patients with one record know each other's severity, where folds may divide them."""
    rows = patients_of(rng, n=48, images=1)
    told = ["severity", "age_years", "location", "sex"]
    rows.loc[1::2, told] = rows.loc[0::2, told].to_numpy()
    tree = ("grouped", "decision tree"), "accuracy"
    assert accuracies(rows, permutations=1, repeats=3).loc[tree] > 0.8
    joined = rows.assign(split_group=np.arange(48) // 2)
    assert accuracies(joined, permutations=1, repeats=3).loc[tree] < 0.75


@pytest.mark.parametrize(
    ("change", "fields", "pairs"),
    [
        ({"view": "Axial"}, ["view"], 1),
        (
            {"country": lambda rows: np.where(rows["patient_id"] == "p3", "Japan", "China")},
            ["country"],
            1,
        ),
        ({"location": None}, ["location"], 0),
        ({"age_years": np.nan}, ["age_years"], 0),
        ({"location": None, "age_years": np.nan, "sex": None}, PREDICTORS, 0),
        ({"location": None, "age_years": np.nan}, PREDICTORS, 1),
    ],
)
def test_fields_that_say_nothing_predict_the_commonest_value(rng, change, fields, pairs):
    rows = patients_of(rng).assign(**change)
    task = severity_task(rows, fields)
    found = predict_target(task, ValidationSettings(4, 1, 1, 1), {})
    assert found["accuracy"].between(0, 1).all()
    if fields == ["view"]:
        commonest = found["protocol"].map(found.groupby("protocol")["accuracy"].first())
        assert (found["accuracy"] == commonest).all()
    assert len(encode(task).columns) > 1
    assert len(relate(rows, "severity", fields, 19, 0)) == 2 * pairs
    counted = frequencies(rows.assign(**{"class": "a"}), ["severity", *fields])
    gaps = missing(rows.assign(**{"class": "a"}), ["severity", *fields])
    assert values(counted, gaps).axes
    assert figure_of_pairs(rows, "severity", fields).axes
