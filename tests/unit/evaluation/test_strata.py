"""Two classes are compared within strata as Mantel and Haenszel weigh them."""

import numpy as np
import pytest

from cxr.evaluation.strata import MIN_PATIENTS, comparable_pairs, pairwise_accuracies


def one_weight(labels):
    return np.ones((1, len(labels)))


def test_strata_count_by_the_product_of_their_classes_over_their_sum():
    labels = np.array([0, 0, 0, 1, 0, 1, 1])
    strata = np.array([0, 0, 0, 0, 1, 1, 1])
    correct = np.array([1, 1, 0, 1, 1, 0, 0])
    of_true = np.where(correct == 1, 0.9, 0.1)
    probabilities = np.stack([of_true, 1 - of_true], axis=1)
    probabilities[labels == 1] = probabilities[labels == 1, ::-1]
    first, second = (2 / 3 + 1) / 2, (1 + 0) / 2
    expected = (3 / 4 * first + 2 / 3 * second) / (3 / 4 + 2 / 3)
    found = pairwise_accuracies(labels, probabilities, strata, [(0, 1)], one_weight(labels))
    assert found == pytest.approx(expected)


def test_without_strata_two_classes_have_their_balanced_accuracy(rng):
    labels = rng.integers(0, 2, 60)
    probabilities = rng.dirichlet([1, 1], 60)
    predicted = probabilities.argmax(axis=1)
    expected = np.mean([(predicted[labels == k] == k).mean() for k in (0, 1)])
    strata = np.zeros(60, dtype=int)
    found = pairwise_accuracies(labels, probabilities, strata, [(0, 1)], one_weight(labels))
    assert found == pytest.approx(expected)


def test_a_network_that_knows_the_stratum_alone_is_at_chance_within_strata(rng):
    strata = rng.integers(0, 2, 400)
    labels = np.where(rng.random(400) < 0.8, strata, 1 - strata)
    probabilities = np.where(strata[:, None] == [0, 1], 0.8, 0.2)
    pairs = [(0, 1)]
    overall = pairwise_accuracies(labels, probabilities, 0 * strata, pairs, one_weight(labels))
    within = pairwise_accuracies(labels, probabilities, strata, pairs, one_weight(labels))
    assert overall > 0.75
    assert within == pytest.approx(0.5)


def test_classes_compare_where_enough_patients_of_both_share_strata():
    n = MIN_PATIENTS
    labels = np.repeat([0, 1, 2, 1], n)
    strata = np.repeat([0, 0, 1, 1], n)
    patients = np.array([f"p{i}" for i in range(4 * n)])
    pairs, lost, compared = comparable_pairs(labels, strata, patients)
    assert pairs == [(0, 1), (1, 2)]
    assert lost == [(0, 2)]
    assert compared.all()


def test_a_class_of_too_few_patients_is_lost_only_where_it_is_apart():
    n = MIN_PATIENTS
    labels, strata = np.repeat([0, 1, 2], n), np.repeat([0, 0, 1], n)
    patients = np.array([f"p{i}" for i in range(3 * n)])
    patients[:n] = "p0"
    pairs, lost, compared = comparable_pairs(labels, strata, patients)
    assert pairs == []
    assert lost == [(0, 2), (1, 2)]
    assert not compared.any()


def test_small_strata_are_no_lost_pair_while_half_of_a_class_is_in_them():
    n = MIN_PATIENTS
    labels = np.repeat([0, 1], n)
    strata = np.where(np.arange(2 * n) % n == 0, labels + 1, 0)
    patients = np.array([f"p{i}" for i in range(2 * n)])
    assert comparable_pairs(labels, strata, patients)[:2] == ([], [])


def test_a_pair_that_shares_no_stratum_is_not_defined():
    labels, strata = np.array([0, 0, 1]), np.array([0, 0, 1])
    probabilities = np.full((3, 2), 0.5)
    assert np.isnan(
        pairwise_accuracies(labels, probabilities, strata, [(0, 1)], one_weight(labels))
    )
