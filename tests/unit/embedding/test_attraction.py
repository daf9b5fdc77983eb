"""The slope that openTSNE descends is its own, whoever computes the attraction."""

import numpy as np
import pytest
from openTSNE import TSNEEmbedding
from openTSNE.affinity import PerplexityBasedNN
from openTSNE.tsne import kl_divergence_bh, kl_divergence_fft

from cxr.embedding.attraction import with_pairs_once

N = 400
OPTIONS = {
    "dof": 1,
    "bh_params": {"theta": 0.5},
    "fft_params": {"n_interpolation_points": 3, "min_num_intervals": 50, "ints_in_interval": 1},
    "n_jobs": 1,
}
OBJECTIVES = pytest.mark.parametrize("objective", [kl_divergence_bh, kl_divergence_fft])


@pytest.fixture
def affinities(rng):
    return PerplexityBasedNN(rng.normal(size=(N, 5)), perplexity=12, method="exact")


@pytest.fixture
def points(rng):
    return rng.normal(0, 3, (N, 2))


@OBJECTIVES
@pytest.mark.parametrize("exaggeration", [1, 12])
def test_the_slope_and_the_divergence_are_opentsnes(objective, exaggeration, affinities, points):
    ours = with_pairs_once(objective, affinities.P)
    exaggerated = affinities.P * exaggeration
    _, expected = objective(points, exaggerated, should_eval_error=False, **OPTIONS)
    _, slope = ours(points, exaggerated, should_eval_error=False, **OPTIONS)
    np.testing.assert_allclose(slope, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert np.ptp(slope, axis=0).min() > 0
    theirs = objective(points, exaggerated, should_eval_error=True, **OPTIONS)
    divergence, again = ours(points, exaggerated, should_eval_error=True, **OPTIONS)
    assert divergence == theirs[0] > 0
    np.testing.assert_array_equal(again, theirs[1])


@OBJECTIVES
def test_a_descent_ends_where_opentsnes_does(objective, affinities, points):
    affinities.P.sort_indices()
    ends = []
    for method in (objective, with_pairs_once(objective, affinities.P)):
        start = TSNEEmbedding(1e-4 * points, affinities, random_state=0)
        ends.append(start.optimize(20, negative_gradient_method=method, exaggeration=12))
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-8 * np.ptp(ends[0]))
    assert ends[1].kl_divergence == pytest.approx(ends[0].kl_divergence, rel=1e-9)
