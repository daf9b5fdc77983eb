"""Null models keep what a field's levels shift and widen."""

import numpy as np
import pandas as pd
import pytest

from cxr.config.catalogue.null_models import NULL_MODELS
from cxr.core.errors import InputError
from cxr.evidence.levels import OTHERS, Placement, levels_within
from cxr.evidence.null_models import fit_null
from cxr.evidence.null_search import simulate_null
from cxr.evidence.search import SearchGrid, search
from cxr.evidence.significance import compare_with_null
from tests.helpers.null_features import draw, patients

OWNER = patients()


def fields(names):
    return pd.DataFrame({"site": pd.Series(names, dtype="object")})


def sizes(names, owners=None):
    owners = np.arange(len(names)).astype(str) if owners is None else owners
    levels = levels_within(fields(names), "site", owners)
    return dict(zip(*np.unique(levels, return_counts=True), strict=True))


def test_small_levels_are_pooled_and_missing_is_one():
    assert sizes(["a"] * 10 + [None] * 10) == {"a": 10, "missing": 10}
    assert sizes(["a"] * 10 + ["b"] * 9 + ["c"]) == {"a": 10, OTHERS: 10}
    assert sizes(["a"] * 10 + ["b"] * 12 + ["c"] * 9) == {"a": 10, "b": 21}, "to the largest"
    assert sizes(["a", "b"] * 9) == {OTHERS: 18}


def test_a_level_of_four_patients_is_small():
    owners = np.array([f"p{i % 4}" for i in range(40)] + [f"q{i}" for i in range(10)])
    assert sizes(["a"] * 40 + ["b"] * 10, owners) == {"b": 50}


def test_numbers_are_in_fifths():
    table = pd.DataFrame({"kvp": np.arange(100.0)})
    assert len(set(levels_within(table, "kvp", np.arange(100).astype(str)))) == 5


def test_a_field_that_is_not_recorded_ends_in_one_line():
    with pytest.raises(InputError, match=r"evidence\.within.*'scanner'.*site"):
        levels_within(fields(["a"] * 20), "scanner", np.arange(20).astype(str))


def shifted(kind, rng):
    """Two sites in all, one of them shifted and twice as wide, and nothing else."""
    hidden = draw("low rank" if kind == "rectified" else kind, rng)
    site = (np.unique(OWNER, return_inverse=True)[1] % 2).astype(bool)
    hidden[site] = 2 * hidden[site] + rng.normal(0, 3, hidden.shape[1])
    features = np.maximum(hidden, 0) if kind == "rectified" else hidden
    return features, np.where(site, "b", "a")


@pytest.mark.parametrize("null", NULL_MODELS)
@pytest.mark.parametrize("kind", ["low rank", "rectified"])
def test_draws_have_each_levels_mean_and_scatter(null, kind, rng):
    features, site = shifted(kind, rng)
    simulate = fit_null(features, OWNER, null, 0, site)
    drawn = np.array([simulate(np.random.default_rng(i)) for i in range(20)])
    for level in ("a", "b"):
        ours, theirs = drawn[:, site == level], features[site == level]
        scale = theirs.std(axis=0).max()
        np.testing.assert_allclose(ours.mean((0, 1)), theirs.mean(axis=0), atol=0.15 * scale)
        ratio = np.sqrt(ours.var(axis=1).sum() / len(drawn) / theirs.var(axis=0).sum())
        assert ratio == pytest.approx(1, abs=0.1)
        if kind == "rectified":
            zeros = np.abs((ours == 0).mean((0, 1)) - (theirs == 0).mean(axis=0))
            assert zeros.max() < 0.15
    assert kind != "rectified" or drawn.min() == 0


def test_images_of_a_patient_stay_alike_within_levels(rng):
    features, site = shifted("low rank", rng)
    drawn = fit_null(features, OWNER, "gaussian", 0, site)(rng)
    same = (OWNER[:, None] == OWNER) & ~np.eye(len(OWNER), dtype=bool)
    other = (site[:, None] == site) & (OWNER[:, None] != OWNER)

    def distance(values):
        squares = ((values[:, None] - values[None]) ** 2).sum(axis=2)
        return squares[same].mean() / squares[other].mean()

    assert distance(drawn) == pytest.approx(distance(features), abs=0.15)


@pytest.mark.parametrize("null", NULL_MODELS)
def test_one_level_is_no_level(null, rng):
    features, _ = shifted("rectified", rng)
    plain = fit_null(features, OWNER, null, 0)(np.random.default_rng(1))
    one = fit_null(features, OWNER, null, 0, np.full(len(OWNER), "a"))(np.random.default_rng(1))
    np.testing.assert_array_equal(plain, one)


def test_units_that_are_the_level_are_no_error(rng):
    features, site = shifted("low rank", rng)
    features[:, 0] = site == "a"
    drawn = fit_null(features, OWNER, "gaussian", 0, site)(rng)
    np.testing.assert_allclose(drawn[:, 0], features[:, 0], atol=0.02)


def test_standardised_values_are_restored(rng):
    features, site = shifted("low rank", rng)
    placement = Placement.of(features, (site == "b").astype(int))
    np.testing.assert_allclose(placement.restore(placement.standardise(features)), features)
    # Of twice as wide a level the scale is twice as large.
    assert placement.scale[1, 0] / placement.scale[0, 0] == pytest.approx(2, rel=0.2)


def test_sites_are_beyond_chance_unless_simulated_within():
    rng = np.random.default_rng(1)
    site = np.repeat([0, 1, 2], 30)
    features = rng.normal(size=(90, 8)) + 8 * np.eye(3, 8)[site]
    owners = np.arange(90).astype(str)
    eps = tuple(i / 10 for i in range(1, 20))
    grid = SearchGrid((10.0,), eps, (4, 6, 8), 3, 8, 1 / 3)
    observed = search(features, grid)
    p = {}
    for name, levels in (("all", None), ("within", site.astype(str))):
        null = simulate_null(features, owners, grid, "gaussian", range(1, 40), 0, levels)
        p[name] = compare_with_null([observed], null)["p"]
    assert p["all"] <= 0.05
    assert p["within"] > 0.2
