"""Where there are no clusters the null holds; tests/benchmarks/calibration.py at length."""

import numpy as np
import pytest

from tests.benchmarks.cases import Case, compare, p_value
from tests.helpers.null_features import GAUSSIANS as KINDS
from tests.helpers.null_features import draw, patients


@pytest.mark.parametrize("kind", KINDS)
def test_features_without_clusters_are_consistent_with_chance(kind):
    rejected = [p_value(compare(Case(kind, number)), "consensus") <= 0.05 for number in (7, 8, 9)]
    # At 5% two false rejections of three are seen once in 138 runs.
    assert sum(rejected) <= 1


def test_planted_groups_of_unequal_size_are_beyond_chance_and_described():
    outcome = compare(Case("unequal", 1, distance=5.0))
    assert p_value(outcome, "consensus") <= 0.05
    assert outcome["agreement"] > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_as_described(kind, rng):
    features = draw(kind, rng)
    assert features.shape == (len(patients()), 64)
    assert (features.min() == 0) == (kind == "rectified")
    eigenvalues = np.linalg.eigvalsh(np.cov(features.T))[::-1]
    assert (eigenvalues[6] < 0.2 * eigenvalues[0]) == (kind != "isotropic")
