"""Patients over time, and their outcomes."""

import numpy as np
import pandas as pd
import pytest

from cxr.similarity.space import make_space
from cxr.similarity.trajectory import (
    follow_patients,
    outcome_agreement,
    outcomes_of,
    patient_files,
    slopes,
)
from tests.helpers.severity import GROUPS, scored


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
