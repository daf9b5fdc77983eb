"""Severity from images of other patients."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from cxr.similarity.severity import (
    NEIGHBOUR_COUNTS,
    PENALTIES,
    by_neighbours,
    by_regression,
    estimate_severity,
    severity_errors,
)
from tests.helpers.severity import scored


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
    for row, k in zip(by_neighbours(points, scores, others), NEIGHBOUR_COUNTS, strict=True):
        model = KNeighborsRegressor(k, weights="distance").fit(points, scores)
        # Its distance between equal points is not exactly 0 on every processor.
        np.testing.assert_allclose(row, model.predict(others), rtol=1e-6)
    for row, penalty in zip(by_regression(points, scores, others), PENALTIES, strict=True):
        np.testing.assert_allclose(row, Ridge(penalty).fit(points, scores).predict(others))


def test_a_score_that_few_images_have_is_left_out(rng):
    table, records = scored(rng)
    rare = records["severity_opacity"].where(np.arange(len(records)) < 2)
    records = records.assign(severity_opacity=rare)
    found = estimate_severity({"trained": table}, records, "cosine", 0)
    assert set(found["target"]) == {"severity_extent"}
