"""The Gaussian before a rectifier, by sampling what the rectifier cut off."""

import numpy as np

from cxr.evidence.conditional import drawn_below, shared_scores
from cxr.evidence.levels import Placement
from cxr.evidence.moments import Latent, Moments
from cxr.evidence.wide import Margins, WideLatent

# Gibbs sweeps over the censored values: those that are discarded, and those averaged.
BURN_IN, AVERAGED = 40, 40
# Steps towards the units' means and standard deviations before the first sweep of a wide table.
FIRST_STEPS = 30


def fit_censored(
    features: np.ndarray, censored: np.ndarray, owner: np.ndarray, codes: np.ndarray, seed: int
) -> tuple[Latent, Placement]:
    """The Gaussian before a rectifier, by sampling what the rectifier cut off.

    Each sweep draws the patients' shares and then each zero of a rectified unit
    from its distribution below zero given the image's other units, and fits the
    Gaussian to the completed values, shrunk: without that the drawn values would
    stay in the few directions of their initial values. The result averages the
    later sweeps.

    Parameters
    ----------
    features : float array, shape (n, d)
    censored : bool array, shape (d,)
        The rectified units.
    owner, codes : int array, shape (n,)
        The patient and the level of each image.

    Returns
    -------
    latent : Latent
        Of the values standardised within levels.
    placement : Placement
        Of the levels before the rectifier.

    References
    ----------
    S. Chib, "Bayes inference in the Tobit censored regression model", J. Econom.
    51, 1992. G. Wei, M. Tanner, "A Monte Carlo implementation of the EM
    algorithm", J. Am. Stat. Assoc. 85, 1990.
    """
    rng = np.random.default_rng(seed)
    values = features.copy()
    zeros = censored & (features == 0)
    spread = np.array([column[column > 0].std() for column in features.T])
    values[zeros] = -np.abs(rng.normal(0, 0.5 * np.broadcast_to(spread, zeros.shape)[zeros]))
    sums, placements, margins = None, [], None
    for sweep in range(BURN_IN + AVERAGED):
        placement = Placement.of(values, codes)
        standard = placement.standardise(values).copy()
        if features.shape[1] < len(features):
            latent = Moments.of(standard, owner, shrunk=True).latent(owner)
            _gibbs_sweep(standard, zeros, latent, rng, placement.zero)
        else:
            margins = _margins(standard, zeros, placement.zero, margins)
            wide = WideLatent.of(standard, owner, margins)
            wide.sweep(standard, zeros, rng, placement.zero)
        values[zeros] = placement.restore(standard)[zeros]
        if sweep >= BURN_IN:
            placements.append(Placement.of(values, codes))
            moments = Moments.of(placements[-1].standardise(values), owner)
            sums = moments if sums is None else sums.plus(moments)
    assert sums is not None
    return sums.over(AVERAGED).latent(owner), Placement.average(placements)


def _margins(
    values: np.ndarray, zeros: np.ndarray, limits: np.ndarray, before: Margins | None
) -> Margins:
    """Means and standard deviations before the rectifier, improved from sweep to sweep."""
    margins = Margins.of(values) if before is None else before
    for _ in range(FIRST_STEPS if before is None else 1):
        margins = margins.improved(values, zeros, limits)
    return margins


def _gibbs_sweep(
    values: np.ndarray,
    zeros: np.ndarray,
    latent: Latent,
    rng: np.random.Generator,
    limits: np.ndarray | None = None,
) -> None:
    """One Gibbs sweep over the censored values, in place; they lie below `limits`, or 0."""
    variances = (latent.axes**2).sum(axis=0)
    axes, icc = latent.axes / np.sqrt(variances), latent.icc
    scores = (values - latent.mean) @ (axes / np.sqrt(variances))
    shared = shared_scores(scores, icc, latent.owner, rng)
    expected = latent.mean + (np.sqrt(icc) * shared)[latent.owner] @ latent.axes.T
    inverse = (axes / (variances * (1 - icc))) @ axes.T
    for unit in np.flatnonzero(zeros.any(axis=0)):
        rows = zeros[:, unit]
        pull = (values[rows] - expected[rows]) @ inverse[unit]
        precision_of_unit = inverse[unit, unit]
        centre = values[rows, unit] - pull / precision_of_unit
        deviation = 1 / np.sqrt(precision_of_unit)
        limit = 0.0 if limits is None else limits[rows, unit]
        values[rows, unit] = drawn_below(limit, centre, deviation, rng)
