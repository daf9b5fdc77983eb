"""Wrong labels are found from held-out probabilities."""

import numpy as np
import pytest

from cxr.evaluation.confident_learning import (
    confident_classes,
    label_errors,
    label_suspicion,
    thresholds,
)

LABELS = np.array([0, 0, 0, 1, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.4, 0.6]])


def noisy(seed, n=1000, classes=4, share=0.05):
    """Probabilities that tend to the true class, labels of which a share is wrong, and which."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    logits = rng.normal(size=(n, classes)) + 4 * np.eye(classes)[true]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = rng.permutation(n) < share * n
    labels = np.where(wrong, (true + rng.integers(1, classes, n)) % classes, true)
    return labels, probabilities, wrong, true


def test_thresholds_are_mean_self_confidences():
    np.testing.assert_allclose(thresholds(LABELS, PROBABILITIES), [0.6, 0.7])


def test_the_confident_joint_counts_what_reaches_a_threshold():
    # The last image reaches neither 0.6 of the first class nor 0.7 of the second.
    assert confident_classes(LABELS, PROBABILITIES).tolist() == [0, 0, 1, 1, -1]
    assert label_errors(LABELS, PROBABILITIES).tolist() == [-1, -1, 1, -1, -1]


def test_suspicion_is_the_margin_of_the_label():
    np.testing.assert_allclose(
        label_suspicion(LABELS, PROBABILITIES), [0.1, 0.2, 0.9, 0.2, 0.4], atol=1e-12
    )


def test_a_label_that_is_as_probable_as_another_class_stands():
    assert label_errors(np.array([0, 1]), np.full((2, 2), 0.5)).tolist() == [-1, -1]


def test_a_class_without_images_is_suspected_of_none():
    probabilities = np.array([[0.5, 0.1, 0.4], [0.1, 0.5, 0.4], [0.1, 0.4, 0.5]])
    assert 2 not in label_errors(np.array([0, 1, 1]), probabilities)


@pytest.mark.parametrize("seed", range(5))
def test_most_flips_are_among_the_first_tenth(seed):
    labels, probabilities, wrong, _ = noisy(seed)
    first = np.argsort(-label_suspicion(labels, probabilities))[: len(labels) // 10]
    assert wrong[first].sum() >= 0.7 * wrong.sum()


def test_suspected_classes_are_mostly_the_true_ones():
    labels, probabilities, wrong, true = noisy(0)
    errors = label_errors(labels, probabilities)
    named = wrong & (errors >= 0)
    assert named.sum() >= 0.6 * wrong.sum()
    assert (errors[named] == true[named]).mean() > 0.9
