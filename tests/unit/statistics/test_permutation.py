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


def groups(sizes):
    """Patients that are exchanged with one another, by number of images."""
    exchange = PatientPermutation(patients(sizes))
    return [sorted(exchange.sizes[group].tolist()) for group in exchange.groups]


def test_numbers_of_images_that_few_patients_have_are_pooled():
    assert groups([1] * 5 + [2] * 5) == [[1] * 5, [2] * 5]
    assert groups([1] * 4 + [2] * 5) == [[1] * 4 + [2] * 5]
    assert groups([1] * 5 + [2] * 4) == [[1] * 5 + [2] * 4], "the last few join those before"
    assert groups([1] * 3 + [2] * 2 + [3] * 5) == [[1, 1, 1, 2, 2], [3] * 5]
    assert groups([1, 2]) == [[1, 2]]


def test_a_longer_patient_gets_a_shorter_ones_values_again():
    owners = np.array(list("abbb"))
    exchange = PatientPermutation(owners)
    draws = {tuple(exchange.draw(np.random.default_rng(i)).tolist()) for i in range(30)}
    assert draws == {(0, 1, 2, 3), (1, 0, 0, 0)}
    mixed = PatientPermutation(np.array(list("babb")))
    draws = {tuple(mixed.draw(np.random.default_rng(i)).tolist()) for i in range(30)}
    assert draws == {(0, 1, 2, 3), (1, 0, 1, 1)}, "images of a patient may lie apart"


def test_every_permutation_is_equally_likely(rng):
    exchange = PatientPermutation(np.array(list("abc")))
    draws = [tuple(exchange.draw(rng).tolist()) for _ in range(3000)]
    shares = [draws.count(order) / 3000 for order in sorted(set(draws))]
    assert len(shares) == 6
    np.testing.assert_allclose(shares, 1 / 6, atol=0.03)


def test_a_patient_is_in_the_stratum_of_most_of_its_images():
    owners, strata = np.array(list("aaabbbccc")), np.array(list("xxyxyyyyx"))
    exchange = PatientPermutation(owners, strata)
    assert exchange.exchangeable == 2
    assert {exchange.draw(np.random.default_rng(i))[0] for i in range(20)} == {0}
    assert {exchange.draw(np.random.default_rng(i))[3] for i in range(20)} == {3, 6}


def test_halves_and_samples_are_random_and_of_their_size(rng):
    owners = np.array(list("abcde"))
    halves = np.array([halve_patients(owners, rng) for _ in range(2000)])
    assert set(halves.sum(axis=1)) == {2}
    np.testing.assert_allclose(halves.mean(axis=0), 0.4, atol=0.05)
    samples = [subsample_patients(owners, 0.5, rng) for _ in range(2000)]
    assert {len(sample) for sample in samples} == {2}
    assert set(np.concatenate(samples)) == set(range(5))
    drawn = [bootstrap_patients(owners, rng) for _ in range(2000)]
    held = np.bincount(np.concatenate(drawn), minlength=5) / 2000
    np.testing.assert_allclose(held, 1 - 0.8**5, atol=0.04)
    assert all((np.diff(sample) > 0).all() for sample in (*samples, *drawn))


def test_many_permutations_are_those_drawn_one_by_one():
    exchange = PatientPermutation(OWNER)
    many = exchange.draws(np.random.default_rng(4), 7)
    rng = np.random.default_rng(4)
    assert many.tolist() == [exchange.draw(rng).tolist() for _ in range(7)]
