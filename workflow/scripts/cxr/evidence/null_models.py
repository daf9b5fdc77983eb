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

import numpy as np

from cxr.evidence.censored import fit_censored
from cxr.evidence.levels import Placement
from cxr.evidence.moments import Moments

# A unit is rectified when it is never negative and at least so many of its values are zero.
RECTIFIED_SHARE = 0.01

Sampler = Callable[[np.random.Generator], np.ndarray]


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
        latent = Moments.of(placement.standardise(features), owner).latent(owner)

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
    latent = Moments.of(scores, owner).latent(owner)
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
