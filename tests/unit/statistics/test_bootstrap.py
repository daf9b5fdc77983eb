"""Intervals are percentiles of resampled patients, and exact where all replicates agree."""

import numpy as np
import pytest
from scipy.stats import binomtest

from cxr.statistics import bootstrap
from cxr.statistics.bootstrap import (
    binomial_interval,
    bootstrap_values,
    less_bias,
    patient_weights,
    percentile_interval,
)


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


def test_the_bias_of_an_absolute_difference_is_taken_off(rng):
    truth, found = 0.02, []
    for _ in range(200):
        sample = rng.normal(truth, 1, 400)
        drawn = sample[rng.integers(0, 400, (200, 400))].mean(axis=1)
        values = less_bias(np.abs(np.concatenate([[sample.mean()], drawn])))
        interval = percentile_interval(values)
        assert interval["low"] <= interval["value"] <= interval["high"]
        found.append((abs(sample.mean()), interval["value"]))
    raw, corrected = np.mean(found, axis=0)
    assert abs(corrected - truth) < abs(raw - truth)
    assert np.isnan(less_bias(np.array([0.1, np.nan]))[1])


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


def test_patients_are_drawn_with_equal_chance():
    weights = patient_weights(np.array(list("aab")), 4000, 1)[1:]
    # The number of times that one of two patients is drawn is binomial(2, 1/2).
    for patient in (0, 2):
        shares = np.bincount(weights[:, patient].astype(int), minlength=3) / 4000
        np.testing.assert_allclose(shares, [0.25, 0.5, 0.25], atol=0.03)
    assert not np.array_equal(weights, patient_weights(np.array(list("aab")), 4000, 2)[1:])


def test_the_standard_error_of_a_mean_is_that_of_patients(rng):
    """Four images of each of 100 patients that are all alike: the error of 100, not of 400."""
    values = np.repeat(rng.normal(size=100), 4)
    weights = patient_weights(np.repeat(np.arange(100).astype(str), 4), 2000, 0)
    means = weights @ values / weights.sum(axis=1)
    assert means[0] == pytest.approx(values.mean())
    assert means[1:].std() == pytest.approx(values.std() / 10, rel=0.07)


def test_a_published_exact_interval():
    """Newcombe (1998), method 5: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    published = [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0000, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ]
    for successes, trials, low, high in published:
        interval = binomial_interval(successes, trials)
        assert interval["value"] == pytest.approx(successes / trials, abs=1e-6)
        assert (interval["low"], interval["high"]) == (
            pytest.approx(low, abs=6e-5),
            pytest.approx(high, abs=6e-5),
        )


def test_a_share_of_0_has_a_bound_too_and_others_without_spread_have_none():
    assert percentile_interval(np.zeros(50), 20)["high"] == pytest.approx(0.1684, abs=6e-5)
    assert percentile_interval(np.full(50, 0.5), 20) == {"value": 0.5, "low": None, "high": None}
    undefined = np.array([0.3, np.nan, np.nan])
    assert percentile_interval(undefined) == {"value": 0.3, "low": None, "high": None}
    assert percentile_interval(np.array([0.12345678, 0.1, 0.2]))["value"] == 0.123457
    low_high = percentile_interval(np.array([0.5, 0.0, 1 / 3, 1 / 3, 1 / 3]), 9)
    assert low_high["low"] == pytest.approx(0.025, abs=1e-6)
    assert low_high["high"] == 0.333333


def test_in_blocks_the_replicates_are_the_same(monkeypatch, rng):
    patients, values = np.repeat(np.arange(40).astype(str), 3), rng.normal(size=120)

    def mean(weights):
        return weights @ values / weights.sum(axis=1)

    whole = bootstrap_values(mean, patients, 50, 3)
    np.testing.assert_array_equal(whole, mean(patient_weights(patients, 50, 3)))
    monkeypatch.setattr(bootstrap, "MAX_WEIGHTS", 7 * 120)
    np.testing.assert_allclose(bootstrap_values(mean, patients, 50, 3), whole, rtol=1e-12)


def test_many_patients_are_drawn_as_few_are():
    weights = patient_weights(np.arange(25_000).astype(str), 3, 0)[1:]
    assert (weights.sum(axis=1) == 25_000).all()
    # Of as many draws a patient is in none with probability 1 / e.
    np.testing.assert_allclose((weights == 0).mean(axis=1), np.exp(-1), atol=0.01)
