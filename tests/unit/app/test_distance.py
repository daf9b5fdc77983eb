"""The page's distance from the training images is that of `predict`, in fewer numbers."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from cxr.app.distance import DIRECTIONS, compact_distance
from cxr.inference.distance import TrainingDistance


def outputs(n, d, rng):
    return np.abs(rng.normal(size=(n, 12)) @ rng.normal(size=(12, d)) + rng.normal(size=(n, d)))


@pytest.mark.parametrize("d", [40, 300])
def test_it_agrees_with_the_whole_covariance(d, rng):
    mixed = outputs(200, d, rng)
    train, held_out = mixed[:120], mixed[120:]
    whole = TrainingDistance(train, held_out).held_out
    compact = compact_distance(train, held_out)
    if d <= DIRECTIONS:
        np.testing.assert_allclose(compact["held_out"], whole, rtol=5e-3)
    assert spearmanr(compact["held_out"], whole).statistic > 0.97


def test_half_of_the_held_out_images_are_nearer_than_about_one(rng):
    mixed = outputs(150, 30, rng)
    found = compact_distance(mixed[:100], mixed[100:])["held_out"]
    assert np.median(found) == pytest.approx(1, abs=0.15)


def test_images_of_another_kind_are_far(rng):
    mixed = outputs(200, 60, rng)
    other = 30 + outputs(20, 60, rng)
    known = compact_distance(mixed[:120], mixed[120:])["held_out"]
    both = compact_distance(mixed[:120], np.concatenate([mixed[120:], other]))["held_out"]
    assert both[-20:].min() > np.quantile(known, 0.95)


def test_without_held_out_images_it_has_none(rng):
    found = compact_distance(outputs(50, 20, rng), np.zeros((0, 20)))
    assert len(found["held_out"]) == 0
    assert [space["scale"] for space in found["spaces"]] == [1.0, 1.0]
