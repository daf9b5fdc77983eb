"""The dip test of unimodality (Hartigan and Hartigan, 1985)."""

from functools import lru_cache

import numpy as np

from cxr.core.numba_cache import kernel

SIMULATIONS = 9999  # the smallest p value is 1 / 10,000
BLOCK = 500  # simulations held in memory at a time
# The dip falls about as 1 / sqrt(n): of more values than this its simulations are those of a
# few numbers of values, each 1.2 times the one before, which are within 1% of it.
EXACT, STEP = 250, 1.2
LARGEST = 2000  # values; from 1,000 values on the dip falls as 1 / sqrt(n) within 1%
SEED = 1985  # not the study's: the same values have the same p value in all of them


def dip_statistic(values: np.ndarray) -> float:
    """The dip: how far the empirical distribution function is from the closest unimodal one.

    The distance of two functions is their largest difference. A unimodal distribution
    function is convex up to its mode and concave from there; at the mode it may
    jump. So the dip of n values is between 1/(2n) and 1/4, or 0 if all are equal.

    As in the source, the interval that holds the mode shrinks: where the least concave
    majorant is farthest from the greatest convex minorant, one of them has a corner, and
    the mode is between this corner and the next one of the other. The dip is half the
    largest difference to the minorant left of the mode and to the majorant right of it.

    Parameters
    ----------
    values : float array, shape (n,)

    Raises
    ------
    ValueError
        If `values` is empty or not finite.

    References
    ----------
    J. Hartigan, P. Hartigan, "The dip test of unimodality", Ann. Stat. 13, 1985.
    """
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("the dip needs values, all of them finite")
    places, counts = np.unique(np.asarray(values, np.float64), return_counts=True)
    reached = np.cumsum(counts) / len(values)
    return _dip(places, np.concatenate([[0.0], reached[:-1]]), reached)


def dip_p_value(values: np.ndarray) -> float:
    """The p value of the dip (H0: one mode), by simulation.

    The null distribution is that of as many values from a uniform distribution, as in the
    source: in large samples its dips exceed those of a wide class of unimodal ones.
    p = (1 + simulations with at least this dip) / (1 + 9,999), with a standard error
    of 0.002 at p = 0.05. Of more than 250 values the simulated dips are those of the next
    lower of a few numbers, 2,000 at most, scaled by 1 / sqrt(n). The simulations depend on n
    alone, so that the same values have the same p in every study.

    Parameters
    ----------
    values : float array, shape (n,)

    Raises
    ------
    ValueError
        If `values` is empty or not finite.

    References
    ----------
    J. Hartigan, P. Hartigan, "The dip test of unimodality", Ann. Stat. 13, 1985.
    """
    dip = dip_statistic(values)
    # Dips that differ by rounding alone are equal.
    larger = SIMULATIONS - np.searchsorted(_null_dips(len(values)), dip * (1 - 1e-9))
    return float((1 + larger) / (1 + SIMULATIONS))


def _null_dips(n: int) -> np.ndarray:
    """Dips of n uniform values each, ascending, shape (SIMULATIONS,)."""
    if n <= EXACT:
        return _simulated_dips(n)
    steps = int(np.log(n / EXACT) / np.log(STEP))
    simulated = min(round(EXACT * STEP**steps), LARGEST)
    return _simulated_dips(simulated) * np.sqrt(simulated / n)


@lru_cache(maxsize=512)
def _simulated_dips(n: int) -> np.ndarray:
    rng, steps = np.random.default_rng((SEED, n)), np.arange(n + 1) / n
    dips = []
    for start in range(0, SIMULATIONS, BLOCK):
        # Sorted uniform values have exponential gaps, but for their scale, on which no dip depends.
        gaps = rng.standard_exponential((min(BLOCK, SIMULATIONS - start), n))
        dips.append(_dips(gaps.cumsum(axis=1), steps[:-1], steps[1:]))
    return np.sort(np.concatenate(dips))


@kernel
def _dips(places: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The dip of each row of places, whose steps are the same."""
    dips = np.empty(len(places))
    for row in range(len(places)):
        dips[row] = _dip(places[row], before, after)
    return dips


@kernel
def _dip(places: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """The dip of a step function, from its values before and after each of its steps."""
    corners = np.empty(len(places), np.int64)
    minorant, majorant = np.empty(len(places)), np.empty(len(places))
    first, last, largest = 0, len(places) - 1, 0.0
    while first < last:
        _fill_hull(places, before, first, last, minorant, corners, 1)
        _fill_hull(places, after, first, last, majorant, corners, -1)
        widest, at = -1.0, first
        for i in range(first, last + 1):
            is_corner = minorant[i] == before[i] or majorant[i] == after[i]
            if is_corner and majorant[i] - minorant[i] > widest:
                widest, at = majorant[i] - minorant[i], i
        if widest <= largest:
            break
        left = right = at
        if minorant[at] == before[at]:
            while majorant[right] != after[right]:
                right += 1
        else:
            while minorant[left] != before[left]:
                left -= 1
        for i in range(first, left):
            largest = max(largest, after[i] - minorant[i])
        for i in range(right + 1, last + 1):
            largest = max(largest, majorant[i] - before[i])
        first, last = left, right
    return largest / 2


@kernel
def _fill_hull(
    x: np.ndarray,
    y: np.ndarray,
    first: int,
    last: int,
    hull: np.ndarray,
    corners: np.ndarray,
    sign: int,
) -> None:
    """The greatest convex minorant (sign 1) or least concave majorant (-1) of points.

    `hull` is filled at the points from `first` to `last`; `corners` is room for their indices.
    """
    top = 0
    corners[0] = first
    for i in range(first + 1, last + 1):
        while top > 0:
            a, b = corners[top - 1], corners[top]
            if sign * ((y[i] - y[b]) * (x[b] - x[a]) - (y[b] - y[a]) * (x[i] - x[b])) > 0:
                break
            top -= 1
        top += 1
        corners[top] = i
    for corner in range(top):
        a, b = corners[corner], corners[corner + 1]
        slope = (y[b] - y[a]) / (x[b] - x[a])
        for i in range(a, b):
            hull[i] = y[a] + slope * (x[i] - x[a])
    hull[last] = y[last]
