"""Estimates and follow-up together, and what they need."""

import numpy as np

from cxr.similarity.settings import ComparisonSettings
from cxr.similarity.severity import insufficiency
from cxr.similarity.severity_analysis import analyse_severity
from tests.helpers.severity import GROUPS, scored

SETTINGS = ComparisonSettings(
    k=5,
    metric="cosine",
    own_patient=False,
    space="trained",
    baselines=(),
    severity=GROUPS,
    seed=0,
)


def test_without_scores_it_says_what_is_missing(rng):
    table, records = scored(rng)
    none = records.assign(severity_extent=np.nan)
    assert insufficiency(none) == (
        "0 images of 0 patients have a scored extent; 20 images of 10 patients are needed"
    )
    estimates, drift, found = analyse_severity({"trained": table}, none, SETTINGS)
    assert (len(estimates), len(drift)) == (0, 0)
    assert found["insufficient"] == insufficiency(none)
