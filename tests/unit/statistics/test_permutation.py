"""Whole patients are permuted, halved and resampled."""

import numpy as np

from cxr.statistics.permutation import (
    PatientPermutation,
    bootstrap_patients,
    halve_patients,
    subsample_patients,
)
from tests.helpers.null_features import SIZES, patients, per_patient

OWNER = patients()


def test_whole_patients_are_exchanged(rng):
    exchange = PatientPermutation(OWNER)
    constant = per_patient(np.arange(1000), rng)
    for _ in range(20):
        moved = constant[exchange.draw(rng)]
        assert all(len(set(moved[patient == OWNER])) == 1 for patient in set(OWNER))
        # Every patient's value is somewhere.
        assert set(moved) == set(constant)
    assert exchange.exchangeable == len(SIZES)
    parted = [set(exchange.sizes[group]) for group in exchange.groups]
    assert len(parted) > 1
    assert sum(map(len, parted)) == len(set(exchange.sizes)), "as many images, one group"
    assert all(len(group) >= 5 for group in exchange.groups)


def test_within_strata_patients_stay(rng):
    strata = per_patient(np.array(["x", "y", "z"]), rng)
    strata[0] = "alone"  # the first patient has one image
    exchange = PatientPermutation(OWNER, strata)
    assert exchange.exchangeable == len(SIZES) - 1
    source = exchange.draw(rng)
    np.testing.assert_array_equal(strata[source], strata)
    assert source[0] == 0


def test_halves_and_samples_are_of_whole_patients(rng):
    half = halve_patients(OWNER, rng)
    assert not set(OWNER[half]) & set(OWNER[~half])
    assert len(set(OWNER[half])) == len(SIZES) // 2
    share = subsample_patients(OWNER, 0.8, rng)
    assert len(set(OWNER[share])) == round(0.8 * len(SIZES))
    drawn = bootstrap_patients(OWNER, rng)
    assert len(drawn) == len(set(drawn))
    for images in (share, drawn):
        assert np.isin(OWNER, list(set(OWNER[images]))).sum() == len(images)
    assert 0.55 < len(set(OWNER[drawn])) / len(SIZES) < 0.72
