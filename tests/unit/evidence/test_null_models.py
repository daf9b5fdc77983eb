"""Null simulations are like the features in all but the clusters."""

import numpy as np
import pytest

from cxr.config.catalogue.null_models import NULL_MODELS
from cxr.evidence.null_models import fit_null, rectified
from tests.helpers.null_features import GAUSSIANS as KINDS
from tests.helpers.null_features import draw, patients

OWNER = patients()


def many(features, null, count=40):
    simulate = fit_null(features, OWNER, null, 0)
    return [simulate(np.random.default_rng(i)) for i in range(count)]


def patient_distance(features):
    """Mean squared distance of images of one patient, as a share of that of any two."""
    squares = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    same = (OWNER[:, None] == OWNER) & ~np.eye(len(OWNER), dtype=bool)
    return squares[same].mean() / squares[~same].mean()


@pytest.mark.parametrize("kind", KINDS)
def test_the_gaussian_has_the_features_means_and_covariance(kind, rng):
    features = draw(kind, rng)
    simulated = np.concatenate(many(features, "gaussian"))
    scale = features.std(axis=0)
    np.testing.assert_allclose(
        simulated.mean(axis=0), features.mean(axis=0), atol=0.5 * scale.max()
    )
    ours, theirs = np.linalg.eigvalsh(np.cov(simulated.T)), np.linalg.eigvalsh(np.cov(features.T))
    np.testing.assert_allclose(ours[-3:], theirs[-3:], rtol=0.35)
    assert np.corrcoef(np.cov(simulated.T).ravel(), np.cov(features.T).ravel())[0, 1] > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_images_of_a_patient_are_as_similar_as_they_are(kind, rng):
    features = draw(kind, rng)
    simulated = np.mean([patient_distance(one) for one in many(features, "gaussian", 15)])
    assert simulated == pytest.approx(patient_distance(features), abs=0.1)


def test_rectified_units_stay_rectified(rng):
    features = draw("rectified", rng)
    assert rectified(features).all()
    simulated = np.concatenate(many(features, "gaussian", 10))
    assert simulated.min() == 0
    shares = np.abs((simulated == 0).mean(axis=0) - (features == 0).mean(axis=0))
    assert shares.max() < 0.15
    assert not rectified(draw("isotropic", rng)).any()


def test_the_gaussian_before_a_rectifier_is_found(rng):
    loads = rng.standard_normal((2, 8))
    hidden = rng.standard_normal((4000, 2)) @ loads + 0.5 * rng.standard_normal((4000, 8))
    features = np.maximum(hidden, 0)
    owner = np.array([f"p{i}" for i in range(4000)])
    # Its draws, before the rectifier, must have the hidden correlations: look at the pairs
    # of units that are both above zero, where nothing is cut off.
    simulated = fit_null(features, owner, "gaussian", 0)(np.random.default_rng(0))
    for i in range(8):
        for j in range(i):
            ours = np.mean((simulated[:, i] > 0) & (simulated[:, j] > 0))
            theirs = np.mean((features[:, i] > 0) & (features[:, j] > 0))
            assert ours == pytest.approx(theirs, abs=0.05)
    np.testing.assert_allclose(np.cov(simulated.T), np.cov(features.T), atol=0.15)


@pytest.mark.parametrize("null", ["copula", "permutation"])
def test_other_nulls_keep_each_units_values(null, rng):
    features = draw("rectified", rng)
    for simulated in many(features, null, 5):
        for unit in range(features.shape[1]):
            assert set(simulated[:, unit]) <= set(features[:, unit])


def test_permutation_leaves_no_correlation(rng):
    features = draw("low rank", rng)
    simulated = np.mean([np.corrcoef(one.T) for one in many(features, "permutation", 20)], axis=0)
    assert np.abs(simulated - np.eye(len(simulated))).max() < 0.12


@pytest.mark.parametrize("null", NULL_MODELS)
def test_a_draw_depends_on_its_seed_alone(null, rng):
    features = draw("rectified", rng)
    first, second = many(features, null, 2), many(features, null, 2)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first[0], first[1])


@pytest.mark.parametrize("null", NULL_MODELS)
def test_dead_units_and_few_images_are_no_error(null, rng):
    features = draw("rectified", rng)
    features[:, :5] = 0
    features[:, 5] = 3.0
    features[:, 6] = np.arange(len(features)) == 0
    simulated = fit_null(features, OWNER, null, 0)(rng)
    assert simulated.shape == (len(features), 58)
    assert np.isfinite(simulated).all()
    few = fit_null(features[:30], OWNER[:30], null, 0)(rng)
    assert np.isfinite(few).all()
