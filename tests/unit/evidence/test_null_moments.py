"""The moments that null models are fitted with, and the sampling of what a rectifier cut off."""

import numpy as np
import pytest

from cxr.evidence.censored import _gibbs_sweep
from cxr.evidence.moments import MAX_ICC, Latent, Moments
from cxr.evidence.null_models import fit_null, rectified


def test_components_of_variance_by_hand():
    """Groups of 1, 2 and 3: means 1, 4, 7, the grand mean 5."""
    values = np.array([[1.0], [3], [5], [6], [7], [8]])
    moments = Moments.of(values, np.array([0, 1, 1, 2, 2, 2]))
    assert moments.mean == 5
    assert moments.total[0, 0] == pytest.approx((16 + 4 + 0 + 1 + 4 + 9) / 6)
    # Within (1 + 1 + 1 + 0 + 1) / 3; between (16 + 2 + 12) / 2; n0 = (6 - 14 / 6) / 2.
    assert moments.within[0, 0] == pytest.approx(4 / 3)
    assert moments.between[0, 0] == pytest.approx((15 - 4 / 3) / (11 / 6))


def test_covariances_are_of_all_pairs_of_units():
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(3000), 2)
    between, within = np.array([[2.0, 0.8], [0.8, 1.0]]), np.array([[1.0, -0.3], [-0.3, 0.5]])
    shared = rng.multivariate_normal([0, 0], between, 3000)[owner]
    values = shared + rng.multivariate_normal([5, 6], within, 6000)
    moments = Moments.of(values, owner)
    np.testing.assert_allclose(moments.within, within, atol=0.1)
    np.testing.assert_allclose(moments.between, between, atol=0.2)
    np.testing.assert_allclose(moments.total, np.cov(values.T, bias=True))
    # The intraclass correlation along an axis is the share of its variance between patients.
    latent = moments.latent(owner)
    np.testing.assert_allclose(latent.axes @ latent.axes.T, moments.total)
    directions = latent.axes / np.linalg.norm(latent.axes, axis=0)
    expected = np.diag(directions.T @ between @ directions)
    expected = expected / (expected + np.diag(directions.T @ within @ directions))
    np.testing.assert_allclose(latent.icc, expected, atol=0.05)


def test_single_images_of_patients_are_not_correlated_and_copies_nearly_are():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 3))
    assert (Moments.of(values, np.arange(60)).latent(np.arange(60)).icc == 0).all()
    owner = np.repeat(np.arange(30), 2)
    copies = Moments.of(values[owner], owner).latent(owner)
    assert (copies.icc == MAX_ICC).all()
    opposite = values[owner] * np.tile([1, -1], 30)[:, None]
    assert (Moments.of(opposite, owner).latent(owner).icc == 0).all(), "no negative correlation"


def test_few_images_of_many_units_are_shrunk_and_others_are_not():
    rng = np.random.default_rng(0)
    wide, tall = rng.normal(size=(20, 20)) * 3, rng.normal(size=(21, 20))
    assert np.linalg.matrix_rank(np.cov(wide.T)) == 19
    shrunk = Moments.of(wide, np.arange(20)).total
    assert np.linalg.matrix_rank(shrunk) == 20
    np.testing.assert_allclose(np.diag(shrunk), wide.var(axis=0), rtol=0.35)
    plain = np.cov(tall.T, bias=True)
    np.testing.assert_allclose(Moments.of(tall, np.arange(21)).total, plain)
    forced = Moments.of(tall, np.arange(21), shrunk=True).total
    off = ~np.eye(20, dtype=bool)
    assert np.abs(forced[off]).max() < np.abs(plain[off]).max()


def test_averages_are_of_each_moment():
    one = Moments(np.zeros(1), np.eye(1), np.eye(1) * 2, np.eye(1) * 3)
    two = Moments(np.ones(1), np.eye(1) * 3, np.eye(1) * 6, np.eye(1) * 9)
    average = one.plus(two).over(2)
    moments = (average.mean, average.total, average.between, average.within)
    assert [float(part.ravel()[0]) for part in moments] == [0.5, 2, 4, 6]


def test_draws_have_the_means_axes_and_correlation_of_patients():
    owner = np.repeat(np.arange(20_000), 2)
    axes = np.array([[2.0, 0.0], [1.0, 0.5]])
    latent = Latent(np.array([3.0, -1.0]), axes, np.array([0.8, 0.2]), owner)
    draw = latent.draw(np.random.default_rng(0))
    np.testing.assert_allclose(draw.mean(axis=0), [3, -1], atol=0.05)
    np.testing.assert_allclose(np.cov(draw.T), axes @ axes.T, atol=0.1)
    first, second = draw[::2] - [3, -1], draw[1::2] - [3, -1]
    expected = axes @ np.diag([0.8, 0.2]) @ axes.T
    np.testing.assert_allclose(first.T @ second / len(first), expected, atol=0.1)


def test_a_gibbs_sweep_leaves_the_distribution_as_it_is():
    """Of a Gaussian whose negative values are cut off and drawn again nothing changes."""
    rng = np.random.default_rng(3)
    owner = np.repeat(np.arange(15_000), np.tile([1, 2, 3], 5000))
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0] * [1.5, 1.0, 0.4]
    latent = Latent(np.array([0.3, -0.4, 1.0]), axes, np.array([0.7, 0.3, 0.0]), owner)
    before = latent.draw(rng)
    zeros = (before < 0) & np.array([True, True, False])
    after = before.copy()
    for _ in range(2):
        _gibbs_sweep(after, zeros, latent, rng)
    np.testing.assert_array_equal(after[~zeros], before[~zeros])
    assert (after[zeros] < 0).all()
    assert (after[zeros] != before[zeros]).all()
    np.testing.assert_allclose(after.mean(axis=0), before.mean(axis=0), atol=0.015)
    np.testing.assert_allclose(np.cov(after.T), np.cov(before.T), atol=0.025)
    for unit in (0, 1):
        cut = zeros[:, unit]
        quantiles = np.linspace(0.05, 0.95, 10)
        np.testing.assert_allclose(
            *(np.quantile(values[cut, unit], quantiles) for values in (after, before)), atol=0.05
        )
        # With the image's other units, and with the patient's next image.
        others = [np.corrcoef(values[cut].T)[unit] for values in (after, before)]
        np.testing.assert_allclose(*others, atol=0.03)
    pairs = np.flatnonzero(owner[1:] == owner[:-1])
    for i in range(3):
        for j in range(3):
            mates = [np.corrcoef(v[pairs, i], v[pairs + 1, j])[0, 1] for v in (after, before)]
            assert mates[0] == pytest.approx(mates[1], abs=0.02)


def test_what_was_cut_off_follows_the_truncated_normal():
    """Independent units: below zero a normal(1, 2) has its mean at 1 - 2 phi(1/2) / Phi(-1/2)."""
    rng = np.random.default_rng(0)
    owner = np.arange(40_000)
    latent = Latent(np.array([1.0, 0.0]), np.diag([2.0, 1.0]), np.zeros(2), owner)
    values = np.maximum(latent.draw(rng), 0)
    zeros = values == 0
    _gibbs_sweep(values, zeros, latent, rng)
    assert values[zeros[:, 0], 0].mean() == pytest.approx(1 - 2 * 0.352065 / 0.308538, abs=0.03)
    assert values[zeros[:, 1], 1].mean() == pytest.approx(-np.sqrt(2 / np.pi), abs=0.02)


def test_the_tobit_model_is_found_again():
    """Means, covariance and patients' correlation before the rectifier, from what it leaves."""
    rng = np.random.default_rng(5)
    owner = np.repeat(np.arange(700), 2)
    axes = np.array([[1.0, 0.0], [0.6, 0.8]])
    latent = Latent(np.array([0.5, 0.0]), axes, np.array([0.6, 0.6]), owner)
    features = np.maximum(latent.draw(rng), 0)
    assert rectified(features).all()
    simulate = fit_null(features, owner.astype(str), "gaussian", 0)
    drawn = np.concatenate([simulate(np.random.default_rng(i)) for i in range(40)])
    np.testing.assert_allclose(drawn.mean(axis=0), features.mean(axis=0), atol=0.06)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(features.T), atol=0.08)
    np.testing.assert_allclose((drawn == 0).mean(axis=0), (features == 0).mean(axis=0), atol=0.04)
    mates = [np.corrcoef(values[::2, 0], values[1::2, 0])[0, 1] for values in (drawn, features)]
    assert mates[0] == pytest.approx(mates[1], abs=0.08)


def test_a_unit_is_rectified_from_one_zero_in_a_hundred_on():
    values = np.ones((100, 3))
    values[0] = [0, -1, 0.5]
    values[1, 1] = 0
    assert rectified(values).tolist() == [True, False, False]
    assert not rectified(np.concatenate([values, values[1:2]])[:, [0]]).any(), "one in 101"


def test_a_copula_keeps_values_and_ranks_correlations():
    rng = np.random.default_rng(0)
    normal = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 1500)
    features = np.stack([np.exp(2 * normal[:, 0]), normal[:, 1] ** 3], axis=1)
    simulate = fit_null(features, np.arange(1500).astype(str), "copula", 0)
    drawn = np.concatenate([simulate(np.random.default_rng(i)) for i in range(4)])
    for unit in (0, 1):
        quantiles = [np.quantile(v[:, unit], [0.1, 0.5, 0.9]) for v in (drawn, features)]
        np.testing.assert_allclose(*quantiles, rtol=0.25, atol=0.05)
        assert {features[:, unit].min(), features[:, unit].max()} <= set(drawn[:, unit])
    ranks = np.argsort(np.argsort(drawn, axis=0), axis=0)
    assert np.corrcoef(ranks.T)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(0.35), abs=0.05)


def test_without_a_unit_that_varies_draws_are_zero():
    simulate = fit_null(np.full((7, 3), 2.0), np.arange(7).astype(str), "gaussian", 0)
    np.testing.assert_array_equal(simulate(np.random.default_rng(0)), np.zeros((7, 1)))


def test_a_permutation_shuffles_each_unit_by_itself():
    features = np.arange(60.0).reshape(20, 3)
    drawn = fit_null(features, np.arange(20).astype(str), "permutation", 0)(
        np.random.default_rng(0)
    )
    np.testing.assert_array_equal(np.sort(drawn, axis=0), features)
    assert (np.diff(drawn, axis=1) != 1).any()
