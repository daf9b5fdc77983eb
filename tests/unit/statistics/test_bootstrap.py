"""Intervals are percentiles of resampled patients, and exact where all replicates agree."""

import numpy as np
import pytest
from scipy.stats import binomtest

from cxr.statistics.bootstrap import binomial_interval, patient_weights, percentile_interval


def test_all_images_of_a_patient_weigh_the_same():
    patients = np.array(list("aabcccd"))
    weights = patient_weights(patients, 200, 0)
    assert weights.shape == (201, 7)
    assert (weights[0] == 1).all()
    for patient in "abcd":
        columns = weights[:, patients == patient]
        assert (columns == columns[:, :1]).all()
    # As many patients as there are, with replacement.
    assert (weights[:, [0, 2, 3, 6]].sum(axis=1) == 4).all()


def test_the_interval_is_of_the_replicates():
    values = np.concatenate([[0.4], np.arange(1001) / 1000, [np.nan]])
    assert percentile_interval(values) == {"value": 0.4, "low": 0.025, "high": 0.975}


def test_without_spread_only_a_share_has_bounds():
    exact = binomtest(9, 9).proportion_ci(0.95, method="exact").low
    assert percentile_interval(np.ones(50), 9) == {
        "value": 1.0,
        "low": pytest.approx(exact, abs=1e-6),
        "high": 1.0,
    }
    assert percentile_interval(np.ones(50)) == {"value": 1.0, "low": None, "high": None}
    assert percentile_interval(np.array([np.nan, 1])) == {"value": None, "low": None, "high": None}


def test_without_a_trial_there_is_no_share():
    assert binomial_interval(0, 0) == {"value": None, "low": None, "high": None}
