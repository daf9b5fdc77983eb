"""The dip is what its definition says, and its test keeps its level."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog

from cxr.statistics.dip import dip_p_value, dip_statistic

SAMPLES = {
    "two": [0, 1],
    "heavy mode": [0, 1, 1, 1, 1, 1, 2],
    "two heavy modes": [0, 1, 1, 1, 2, 3, 3, 3, 3, 4],
    "gap": [0, 0.1, 0.3, 5, 5.1, 5.5],
}


def distance_with_mode_at(mode, places, before, after):
    """How far the closest distribution function with this mode is, by linear programming.

    Unknown are its values up to the mode, there before its jump; those from the mode on,
    there after its jump; and the distance.
    """
    left, right = mode + 1, len(places) - mode
    unit = np.eye(left + right + 1)
    values, distance = unit[:-1], unit[-1]
    place_of = np.r_[: mode + 1, mode : len(places)]
    negative = [values[i] - values[i + 1] for i in range(left + right - 1)]  # it never falls
    for i in range(1, left + right - 1):
        if place_of[i - 1] < place_of[i] < place_of[i + 1]:
            x = places[place_of[i - 1 : i + 2]]
            bend = (values[i] - values[i - 1]) / (x[1] - x[0])
            bend = bend - (values[i + 1] - values[i]) / (x[2] - x[1])
            negative.append(bend if i < left else -bend)
    rows, limits = list(negative), [0.0] * len(negative)
    for i, place in enumerate(place_of):
        # It is continuous but at the mode, so elsewhere it is close to both values.
        for step in (before, after):
            if place != mode or (step is before) == (i < left):
                rows += [values[i] - distance, -values[i] - distance]
                limits += [step[place], -step[place]]
    return linprog(distance, rows, limits, bounds=(0, 1)).fun


def dip_by_definition(values):
    places, counts = np.unique(values, return_counts=True)
    after = np.cumsum(counts) / len(values)
    before = after - counts / len(values)
    return min(distance_with_mode_at(i, places, before, after) for i in range(len(places)))


@pytest.mark.parametrize("values", SAMPLES.values(), ids=SAMPLES)
def test_the_dip_is_the_distance_to_the_closest_unimodal_distribution(values):
    assert dip_statistic(np.array(values)) == pytest.approx(dip_by_definition(values), abs=1e-9)


@pytest.mark.parametrize("ties", [False, True])
def test_so_it_is_for_any_values(ties, rng):
    for _ in range(25):
        values = rng.standard_cauchy(rng.integers(1, 10))
        values = np.round(values) if ties else values
        assert dip_statistic(values) == pytest.approx(dip_by_definition(values), abs=1e-9)


@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_evenly_spaced_values_have_the_smallest_dip(n):
    assert dip_statistic(np.arange(n)) == pytest.approx(1 / (2 * n), rel=1e-9)
    assert dip_p_value(np.arange(n)) == 1.0


def test_two_points_far_apart_have_the_largest_and_one_point_has_none():
    assert dip_statistic(np.repeat([0.0, 1.0], 50)) == 0.25
    assert dip_p_value(np.repeat([0.0, 1.0], 50)) == 1 / 10_000
    assert dip_statistic(np.full(7, 3.0)) == 0
    assert dip_p_value(np.full(7, 3.0)) == 1.0


def test_scale_place_and_direction_do_not_matter(rng):
    values = np.concatenate([rng.normal(size=60), rng.normal(4, 2, size=40)])
    dip = dip_statistic(values)
    assert dip > 1 / len(values)
    for moved in (-values, 1e-6 * values, 3 * values - 50, rng.permutation(values)):
        assert dip_statistic(moved) == pytest.approx(dip, rel=1e-6)


@pytest.mark.parametrize("n", [5, 20, 100])
def test_uniform_values_have_any_p_as_often(n, rng):
    p_values = np.array([dip_p_value(rng.random(n)) for _ in range(4000)])
    for level in (0.01, 0.05, 0.2):
        # Four standard errors, of these values and of the simulations.
        error = 4 * np.sqrt(level * (1 - level) * (1 / 4000 + 1 / 10_000))
        assert np.mean(p_values <= level) == pytest.approx(level, abs=error)


def test_two_groups_are_seen_and_long_tails_are_not(rng):
    groups = np.concatenate([rng.normal(size=50), rng.normal(5, 1, size=50)])
    assert dip_p_value(groups) < 0.01
    assert dip_p_value(rng.standard_cauchy(100)) > 0.05


@pytest.mark.parametrize("values", [[], [0.0, np.nan], [np.inf, 1.0]])
def test_values_are_needed_and_finite(values):
    with pytest.raises(ValueError, match="finite"):
        dip_statistic(np.array(values))


def test_many_values_have_the_level_of_the_largest_simulated_ones():
    rng = np.random.default_rng(3)
    p = [dip_p_value(rng.random(6000)) for _ in range(200)]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert dip_p_value(np.concatenate([rng.normal(0, 1, 3000), rng.normal(5, 1, 3000)])) == 1e-4
