"""The Gaussian of more units than images is the dense one, where that can be computed."""

import numpy as np
import pytest

from cxr.evidence.censored import _gibbs_sweep
from cxr.evidence.moments import Moments
from cxr.evidence.null_models import fit_null, rectified
from cxr.evidence.wide import Margins, WideLatent

N, D = 30, 50


class Middle:
    """Draws the middle of each distribution."""

    def standard_normal(self, shape):
        return np.zeros(shape)

    def uniform(self, size):
        return np.full(size, 0.5)


@pytest.fixture(params=[1, 2], ids=["single images", "two of each patient"])
def owner(request):
    return np.repeat(np.arange(N // request.param), request.param)


@pytest.fixture
def values(owner):
    """Correlated units of one standard deviation, at which covariances are correlations."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(owner.max() + 1, 8))[owner]
    values = (shared + rng.normal(size=(N, 8))) @ rng.normal(size=(8, D)) + rng.normal(size=(N, D))
    return (values - values.mean(axis=0)) / values.std(axis=0) + rng.normal(size=D)


def test_its_covariance_and_correlations_of_patients_are_the_dense_ones(values, owner):
    wide, dense = WideLatent.of(values, owner), Moments.of(values, owner).latent(owner)
    across = np.eye(D) - wide.directions @ wide.directions.T
    along = (wide.directions * wide.variances) @ wide.directions.T
    np.testing.assert_allclose(along + wide.rest * across, dense.axes @ dense.axes.T, atol=1e-10)
    np.testing.assert_allclose(wide.mean, dense.mean)
    largest = (dense.axes**2).sum(axis=0).argsort()[::-1][: len(wide.icc)]
    np.testing.assert_allclose(wide.icc, dense.icc[largest], atol=1e-8)


def test_a_sweep_is_the_dense_one(values, owner):
    # Rounding gives the dense one a little correlation in directions that no image has.
    near = 1e-7 if len(owner) == owner.max() + 1 else 1e-3
    zeros = values < 0.2
    ours, theirs = (np.where(zeros, -0.3, values) for _ in range(2))
    dense = Moments.of(values, owner).latent(owner)
    WideLatent.of(values, owner).sweep(ours, zeros, Middle())
    _gibbs_sweep(theirs, zeros, dense, Middle())
    np.testing.assert_array_equal(ours[~zeros], values[~zeros])
    assert (ours[zeros] < 0).all()
    np.testing.assert_allclose(ours, theirs, atol=near)
    limits = np.broadcast_to(np.linspace(-0.5, 0.2, D), values.shape)
    WideLatent.of(values, owner).sweep(ours, zeros, Middle(), limits)
    _gibbs_sweep(theirs, zeros, dense, Middle(), limits)
    assert (ours[zeros] < limits[zeros]).all()
    np.testing.assert_allclose(ours, theirs, atol=near)


def test_units_may_have_any_scale(values, owner):
    zeros = values < 0
    plain, scaled = values.copy(), values * np.geomspace(0.01, 100, D)
    WideLatent.of(plain, owner).sweep(plain, zeros, np.random.default_rng(1))
    WideLatent.of(scaled, owner).sweep(scaled, zeros, np.random.default_rng(1))
    np.testing.assert_allclose(scaled, plain * np.geomspace(0.01, 100, D), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("is_rectified", [False, True])
def test_draws_of_hundreds_of_units_are_like_the_features(owner, is_rectified):
    """Mean, variance, zeros, and in how many directions they lie, of which draws had too many."""
    rng = np.random.default_rng(2)
    mixing = rng.normal(size=(6, 400))
    cloud = [rng.normal(size=(N, 6)) @ mixing + rng.normal(size=(N, 400)) for _ in range(6)]
    features = [np.maximum(values - 0.3, 0) if is_rectified else values for values in cloud]
    assert rectified(features[0]).all() == is_rectified
    simulate = fit_null(features[0], owner.astype(str), "gaussian", 0)
    drawn = [simulate(np.random.default_rng(i)) for i in range(20)]
    live = features[0][:, np.ptp(features[0], axis=0) > 0]
    assert np.mean(drawn) == pytest.approx(live.mean(), rel=0.05, abs=0.05)
    shares = [np.mean([(v == 0).mean() for v in values]) for values in (drawn, [live])]
    assert shares[0] == pytest.approx(shares[1], abs=0.06)
    spread = np.mean([values.var(axis=0).sum() for values in drawn])
    assert spread == pytest.approx(live.var(axis=0).sum(), rel=0.25)
    ours, theirs = (np.mean([directions(v) for v in values]) for values in (drawn, features[1:]))
    assert ours == pytest.approx(theirs, rel=0.6 if is_rectified else 0.1)


def directions(values):
    """In how many directions values lie: the squared sum of variances by the sum of squares."""
    squares = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
    return squares.sum() ** 2 / (squares**2).sum()


def test_margins_are_those_of_the_tobit_model():
    rng = np.random.default_rng(0)
    mean, scale = np.array([0.5, -0.3, 2.0]), np.array([1.0, 2.0, 0.5])
    values = mean + scale * rng.normal(size=(20_000, 3))
    limits = np.zeros_like(values)
    zeros = values < limits
    margins = Margins.of(np.maximum(values, 0))
    for _ in range(200):
        margins = margins.improved(values, zeros, limits)
    np.testing.assert_allclose(margins.mean, mean, atol=0.05)
    np.testing.assert_allclose(margins.scale, scale, atol=0.05)
