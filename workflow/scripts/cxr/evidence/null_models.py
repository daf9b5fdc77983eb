"""Null models of features: fitted to them, but without clusters.

Three models are fitted to the features and drawn from. `gaussian` is the primary
one: a single Gaussian with the features' mean and covariance. Where units are
rectified (no negative value, many zeros) the Gaussian stands before the rectifier
and is fitted to the censored values, since a Gaussian through the zeros would be
wider. Images of a patient are as similar as they are in the features.
`copula` keeps each unit's own distribution exactly, so that clusters which show in
single units are in the null too. `permutation` shuffles every unit by itself: it
destroys all correlation, is easily beaten, and serves as a warning only.

Each can be fitted and drawn within the levels of a field, such as the source. The
levels of the Gaussian then have their own location, and one scale each, before the
rectifier where there is one; around these all levels share the covariance, which
small levels could not tell. So what a level shifts or widens is in the null, and a
unit that a level's images have at zero stays there. The copula keeps each unit's
distribution in each level, and the permutation shuffles within levels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cxr.evidence.levels import Placement

# A unit is rectified when it is never negative and at least so many of its values are zero.
RECTIFIED_SHARE = 0.01
# Gibbs sweeps over the censored values: those that are discarded, and those averaged.
BURN_IN, AVERAGED = 40, 40
MAX_ICC = 0.95

Sampler = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Latent:
    """A Gaussian whose draws are correlated between units and within patients.

    Attributes
    ----------
    mean : float array, shape (d,)
    axes : float array, shape (d, r)
        Principal axes, each scaled by its standard deviation.
    icc : float array, shape (r,)
        Intraclass correlation of a patient's images along each axis.
    owner : int array, shape (n,)
        The patient of each image, from 0.
    """

    mean: np.ndarray
    axes: np.ndarray
    icc: np.ndarray
    owner: np.ndarray

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """New values of all images, shape (n, d)."""
        shape = (len(self.owner), len(self.icc))
        shared = rng.standard_normal((self.owner.max() + 1, shape[1]))[self.owner]
        scores = np.sqrt(self.icc) * shared
        scores += np.sqrt(1 - self.icc) * rng.standard_normal(shape)
        return self.mean + scores @ self.axes.T


def fit_null(
    features: np.ndarray,
    patients: np.ndarray,
    null: str,
    seed: int,
    levels: np.ndarray | None = None,
) -> Sampler:
    """A model without clusters of some features.

    Parameters
    ----------
    features : float array, shape (n, d)
        Units without variance are left out of the draws; no distance needs them.
        Without any other unit the draws are zero.
    patients : array of str, shape (n,)
    null : str
        A key of `cxr.config.catalogue.null_models.NULL_MODELS`.
    seed : int
        Of the sampling of censored values.
    levels : array of str, shape (n,), optional
        Within which the model is fitted and drawn; None for one level.

    Returns
    -------
    callable
        From a random generator to features, shape (n, units with variance).
    """
    owner = np.unique(patients, return_inverse=True)[1]
    codes = np.zeros(len(owner), np.int64)
    if levels is not None:
        codes = np.unique(levels, return_inverse=True)[1]
    live = features[:, np.ptp(features, axis=0) > 0].astype(np.float64)
    if not live.shape[1]:
        return lambda rng: np.zeros((len(features), 1))
    return FITS[null](live, owner, codes, seed)


def _members(codes: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(codes == level) for level in range(codes.max() + 1)]


def _permutation(features: np.ndarray, owner: np.ndarray, codes: np.ndarray, seed: int) -> Sampler:
    def draw(rng: np.random.Generator) -> np.ndarray:
        values = np.empty_like(features)
        for member in _members(codes):
            values[member] = rng.permuted(features[member], axis=0)
        return values

    return draw


def _gaussian(features: np.ndarray, owner: np.ndarray, codes: np.ndarray, seed: int) -> Sampler:
    censored = rectified(features)
    if censored.any():
        latent, placement = fit_censored(features, censored, owner, codes, seed)
    else:
        placement = Placement.of(features, codes)
        latent = _Moments.of(placement.standardise(features), owner).latent(owner)

    def draw(rng: np.random.Generator) -> np.ndarray:
        values = placement.place(latent.draw(rng))
        return np.where(censored, np.maximum(values, 0), values)

    return draw


def _copula(features: np.ndarray, owner: np.ndarray, codes: np.ndarray, seed: int) -> Sampler:
    """Draws with the units' own distributions, coupled through normal scores of ranks."""
    from scipy.special import ndtr, ndtri
    from scipy.stats import rankdata

    levels = [(member, np.sort(features[member], axis=0)) for member in _members(codes)]
    scores = np.empty(features.shape)
    for member, _ in levels:
        scores[member] = ndtri(rankdata(features[member], axis=0) / (len(member) + 1))
    latent = _Moments.of(scores, owner).latent(owner)
    spread = np.sqrt((latent.axes**2).sum(axis=1))

    def draw(rng: np.random.Generator) -> np.ndarray:
        shares, values = ndtr((latent.draw(rng) - latent.mean) / spread), np.empty(features.shape)
        for member, ordered in levels:
            places = np.minimum((shares[member] * len(member)).astype(int), len(member) - 1)
            values[member] = np.take_along_axis(ordered, places, axis=0)
        return values

    return draw


FITS = {"gaussian": _gaussian, "copula": _copula, "permutation": _permutation}


def rectified(features: np.ndarray) -> np.ndarray:
    """Which units are rectified, bool of shape (d,): never negative, often zero."""
    return (features.min(axis=0) == 0) & ((features == 0).mean(axis=0) >= RECTIFIED_SHARE)


@dataclass(frozen=True)
class _Moments:
    """Mean and covariances: of all images, between patients, within patients.

    The one of all images is shrunk, on the scale of correlations, if `shrunk` or
    where there are no more images than units (Ledoit and Wolf). Elsewhere it is
    not: shrinkage spreads what is left over all directions, and draws so spread
    show fewer clusters than the features of one cloud do. The others are those
    of a one-way analysis of variance with unequal groups.
    """

    mean: np.ndarray
    total: np.ndarray
    between: np.ndarray
    within: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, owner: np.ndarray, shrunk: bool = False) -> "_Moments":
        from sklearn.covariance import ledoit_wolf

        (n, d), sizes = values.shape, np.bincount(owner)
        mean, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        total = np.cov(values.T, bias=True).reshape(d, d)
        if shrunk or n <= d:
            total = ledoit_wolf((values - mean) / scale)[0] * np.outer(scale, scale)
        sums = np.zeros((len(sizes), values.shape[1]))
        np.add.at(sums, owner, values)
        centres = sums / sizes[:, None]
        inner, outer = values - centres[owner], np.sqrt(sizes)[:, None] * (centres - mean)
        within = inner.T @ inner / max(n - len(sizes), 1)
        usual = (n - (sizes**2).sum() / n) / max(len(sizes) - 1, 1)
        between = (outer.T @ outer / max(len(sizes) - 1, 1) - within) / usual
        return cls(mean, total, between, within)

    @classmethod
    def average(cls, moments: "list[_Moments]") -> "_Moments":
        names = ("mean", "total", "between", "within")
        return cls(*(np.mean([getattr(each, name) for each in moments], axis=0) for name in names))

    def latent(self, owner: np.ndarray) -> Latent:
        """The Gaussian with these moments; without repeated images patients are uncorrelated."""
        variances, axes = np.linalg.eigh(self.total)
        variances = np.maximum(variances, 1e-12 * variances.max())
        between = np.einsum("ik,ij,jk->k", axes, self.between, axes)
        within = np.einsum("ik,ij,jk->k", axes, self.within, axes)
        repeated = len(owner) > owner.max() + 1
        icc = between / np.maximum(between + within, 1e-12) if repeated else 0 * between
        return Latent(self.mean, axes * np.sqrt(variances), np.clip(icc, 0, MAX_ICC), owner)


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
    moments, placements = [], []
    for sweep in range(BURN_IN + AVERAGED):
        placement = Placement.of(values, codes)
        standard = placement.standardise(values).copy()
        latent = _Moments.of(standard, owner, shrunk=True).latent(owner)
        _gibbs_sweep(standard, zeros, latent, rng, placement.zero)
        values[zeros] = placement.restore(standard)[zeros]
        if sweep >= BURN_IN:
            placements.append(Placement.of(values, codes))
            moments.append(_Moments.of(placements[-1].standardise(values), owner))
    return _Moments.average(moments).latent(owner), Placement.average(placements)


def _gibbs_sweep(
    values: np.ndarray,
    zeros: np.ndarray,
    latent: Latent,
    rng: np.random.Generator,
    limits: np.ndarray | None = None,
) -> None:
    """One Gibbs sweep over the censored values, in place; they lie below `limits`, or 0."""
    from scipy.special import ndtr, ndtri

    variances = (latent.axes**2).sum(axis=0)
    axes, icc = latent.axes / np.sqrt(variances), latent.icc
    scores = (values - latent.mean) @ (axes / np.sqrt(variances))
    sizes = np.bincount(latent.owner)
    sums = np.zeros((len(sizes), scores.shape[1]))
    np.add.at(sums, latent.owner, scores)
    precision = 1 + sizes[:, None] * icc / (1 - icc)
    shared = np.sqrt(icc) / (1 - icc) * sums / precision
    shared += rng.standard_normal(shared.shape) / np.sqrt(precision)
    expected = latent.mean + (np.sqrt(icc) * shared)[latent.owner] @ latent.axes.T
    inverse = (axes / (variances * (1 - icc))) @ axes.T
    for unit in np.flatnonzero(zeros.any(axis=0)):
        rows = zeros[:, unit]
        pull = (values[rows] - expected[rows]) @ inverse[unit]
        precision_of_unit = inverse[unit, unit]
        centre = values[rows, unit] - pull / precision_of_unit
        deviation = 1 / np.sqrt(precision_of_unit)
        limit = 0.0 if limits is None else limits[rows, unit]
        below = np.maximum(ndtr((limit - centre) / deviation), 1e-300)
        values[rows, unit] = centre + deviation * ndtri(below * rng.uniform(size=len(below)))
