"""Severity from images of other patients, the groups of 2020, and patients along their days."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from cxr.features.tables import features_table
from cxr.similarity.groups import HEALTHY, INFECTED, SERIOUS, group_composition, severity_group
from cxr.similarity.severity import (
    NEAREST,
    PENALTIES,
    by_neighbours,
    by_regression,
    estimate_severity,
    insufficiency,
    severity_errors,
)
from cxr.similarity.severity_analysis import analyse_severity
from cxr.similarity.space import make_space
from cxr.similarity.trajectory import (
    follow_patients,
    outcome_agreement,
    outcomes_of,
    patient_files,
    slopes,
)

GROUPS = {"infected": 1.0, "serious": 5.0}


def scored(rng, patients=14, informative=True):
    """Two images a patient, whose first feature is the extent; every seventh is not scored."""
    n = 2 * patients
    extent = np.round(np.linspace(0, 8, n), 1)
    features = np.abs(rng.normal(size=(n, 6)))
    if informative:
        features[:, 0] = extent + 0.2 * rng.normal(size=n)
    ids = [f"i{number:03d}" for number in range(n)]
    order = rng.permutation(n)
    records = pd.DataFrame(
        {
            "class": "COVID-19",
            "patient_id": [f"p{number // 2:02d}" for number in order],
            "finding": "COVID-19",
            "severity_extent": np.where(np.arange(n) % 7 == 6, np.nan, extent),
            "severity_opacity": np.where(np.arange(n) % 7 == 6, np.nan, 0.7 * extent),
            "offset_days": order % 2 * 5.0,
            "survival": None,
        },
        index=pd.Index(ids, name="image_id"),
    )
    cohort = pd.DataFrame({"image_id": ids, "class": "COVID-19", "split": "train"})
    return features_table(cohort, features), records


def test_no_estimate_depends_on_scores_of_its_own_patient(rng):
    table, records = scored(rng)
    before = estimate_severity({"trained": table}, records, "cosine", 0)
    own = records["patient_id"] == "p03"
    records.loc[own & records["severity_extent"].notna(), "severity_extent"] = 8.0
    after = estimate_severity({"trained": table}, records, "cosine", 0)
    mine = before["patient_id"] == "p03"
    pd.testing.assert_series_equal(before[mine]["estimate"], after[mine]["estimate"])
    assert not np.allclose(before[~mine]["estimate"], after[~mine]["estimate"])


def test_what_is_in_the_features_is_estimated_and_what_is_not_is_not(rng):
    for informative in (True, False):
        table, records = scored(rng, informative=informative)
        estimates = estimate_severity({"trained": table}, records, "euclidean", 0)
        assert estimates["estimate"].between(0, 8).all()
        rows = {
            row["method"]: row
            for row in severity_errors(estimates, 0)
            if row["target"] == "severity_extent"
        }
        gain = rows["regression"]["gain"]
        assert (gain["low"] > 1) == informative
        told = estimates[
            (estimates["method"] == "regression")
            & (estimates["target"] == "severity_extent")
            & estimates["score"].notna()
        ]
        expected = spearmanr(told["score"], told["estimate"]).statistic
        assert rows["regression"]["spearman"]["value"] == pytest.approx(expected, abs=1e-6)
        error = (told["score"] - told["estimate"]).abs().mean()
        assert rows["regression"]["error"]["value"] == pytest.approx(error, abs=1e-6)
        assert rows["mean"]["spearman"] is None


def test_both_ways_to_estimate_are_scikit_learns(rng):
    points, scores, others = (
        rng.normal(size=(50, 70)),
        rng.normal(size=50),
        rng.normal(size=(9, 70)),
    )
    others[0] = points[3]
    for row, k in zip(by_neighbours(points, scores, others), NEAREST, strict=True):
        model = KNeighborsRegressor(k, weights="distance").fit(points, scores)
        np.testing.assert_allclose(row, model.predict(others))
    for row, penalty in zip(by_regression(points, scores, others), PENALTIES, strict=True):
        np.testing.assert_allclose(row, Ridge(penalty).fit(points, scores).predict(others))


def test_groups_are_by_extent_and_without_one_by_the_finding():
    records = pd.DataFrame(
        {
            "severity_extent": [0.7, 1.0, 4.9, 5.0, np.nan, np.nan],
            "finding": ["COVID-19"] * 4 + ["No finding", "COVID-19"],
        }
    )
    groups = severity_group(records, GROUPS).tolist()
    assert groups[:5] == [HEALTHY, INFECTED, INFECTED, SERIOUS, HEALTHY]
    assert pd.isna(groups[5])


def test_claims_are_held_against_chance(rng):
    table, records = scored(rng, patients=40)
    claims = group_composition(
        {"trained": [make_space(table, records["patient_id"], "euclidean", 0)[0]]},
        records,
        GROUPS,
        5,
        0,
    ).set_index(["among", "group"])
    serious = claims.loc[("scored", SERIOUS)]
    assert serious["share"] > 0.95 > serious["base_rate"]
    assert serious["low"] <= serious["share"] <= serious["high"]
    unscored = records.assign(severity_extent=np.nan)
    assert group_composition({}, unscored, GROUPS, 5, 0).empty


def test_without_scores_it_says_what_is_missing(rng):
    table, records = scored(rng)
    none = records.assign(severity_extent=np.nan)
    assert insufficiency(none) == (
        "0 images of 0 patients have a scored extent; 20 images of 10 patients are needed"
    )
    estimates, drift, found = analyse_severity({"trained": table}, none, "cosine", GROUPS, 5, 0)
    assert (len(estimates), len(drift)) == (0, 0)
    assert found["insufficient"] == insufficiency(none)


def test_a_score_that_few_images_have_is_left_out(rng):
    table, records = scored(rng)
    rare = records["severity_opacity"].where(np.arange(len(records)) < 2)
    records = records.assign(severity_opacity=rare)
    found = estimate_severity({"trained": table}, records, "cosine", 0)
    assert set(found["target"]) == {"severity_extent"}


def test_patients_are_followed_along_their_days(rng):
    table, records = scored(rng)
    space, _ = make_space(table, records["patient_id"], "euclidean", 0)
    extent = pd.DataFrame({"image_id": records.index, "score": records["severity_extent"]})
    extent = extent.assign(estimate=table["f000"].to_numpy()).reset_index(drop=True)
    drift = follow_patients(extent, records, space, GROUPS, 5)
    assert drift["patient_id"].is_monotonic_increasing
    assert set(drift.groupby("patient_id").size()) == {2}
    worst = drift.loc[drift["estimate"].idxmax()]
    assert worst["serious_share"] > 0.9
    change = slopes(drift)
    own = drift[drift["patient_id"] == "p00"]
    by_hand = (own["estimate"].iloc[1] - own["estimate"].iloc[0]) / 5
    assert change.loc["p00", "estimate"] == pytest.approx(by_hand)
    assert [name for name, _ in patient_files(drift)] == sorted(set(drift["patient_id"]))


def test_directions_are_compared_with_outcomes_and_small_numbers_said(rng):
    table, records = scored(rng)
    space, _ = make_space(table, records["patient_id"], "euclidean", 0)
    extent = pd.DataFrame({"image_id": records.index, "score": records["severity_extent"]})
    extent = extent.assign(estimate=table["f000"].to_numpy()).reset_index(drop=True)
    drift = follow_patients(extent, records, space, GROUPS, 5)
    rises = slopes(drift)["estimate"] > 0
    records["survival"] = np.where(records["patient_id"].map(rises), "no", "yes")
    rows = {row["outcome"]: row for row in outcome_agreement(drift, records, 0)}
    assert set(rows) == {"raters", "survival"}
    assert rows["survival"]["share"]["value"] == 1
    assert rows["survival"]["share"]["low"] < 1
    assert rows["survival"]["auc"]["value"] == 1
    assert rows["survival"]["few"]
    assert rows["raters"]["share"]["value"] > 0.8
    own = drift[drift["patient_id"] == rises.index[rises][0]]
    assert outcomes_of(own, records) == {"survival": "no"}
