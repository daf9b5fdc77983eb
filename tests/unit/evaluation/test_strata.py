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
    strata = np.repeat([0, 0, 1, 1], [n, n, n + 1, n - 1])
    patients = np.array([f"p{i}" for i in range(4 * n)])
    pairs, compared = comparable_pairs(labels, strata, patients)
    assert pairs == [(0, 1), (1, 2)]
    assert compared.all()
    same = patients.copy()
    same[:n] = "p0"
    pairs, compared = comparable_pairs(labels, strata, same)
    assert pairs == [(1, 2)]
    assert not compared[:n].any()


def test_a_pair_that_shares_no_stratum_is_not_defined():
    labels, strata = np.array([0, 0, 1]), np.array([0, 0, 1])
    probabilities = np.full((3, 2), 0.5)
    assert np.isnan(
        pairwise_accuracies(labels, probabilities, strata, [(0, 1)], one_weight(labels))
    )
