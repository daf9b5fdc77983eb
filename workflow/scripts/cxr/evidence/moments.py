"""The moments of features that null models are fitted with, between and within patients."""

from dataclasses import dataclass

import numpy as np

MAX_ICC = 0.95


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


@dataclass(frozen=True)
class Moments:
    """Mean and covariances of features, shapes (d,) and (d, d).

    Of all images, between patients, within patients.

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
    def of(cls, values: np.ndarray, owner: np.ndarray, shrunk: bool = False) -> "Moments":
        """The moments of values, shape (n, d), of the patients `owner`."""
        from sklearn.covariance import ledoit_wolf

        """The moments of values, shape (n, d), of the patients `owner`."""
        n, d = values.shape
        mean, scale = values.mean(axis=0), values.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        total = np.cov(values.T, bias=True).reshape(d, d)
        if n <= d:
            share = spread_share((values - mean) / scale)
            total = (1 - share) * total + share * np.diag(scale**2)
        elif shrunk:
            total = ledoit_wolf((values - mean) / scale)[0] * np.outer(scale, scale)
        groups = _Groups.of(values, owner)
        within = groups.inner.T @ groups.inner / groups.free_within
        between = (groups.outer.T @ groups.outer / groups.free_between - within) / groups.usual
        return cls(mean, total, between, within)

    def plus(self, other: "Moments") -> "Moments":
        """The sum of two, moment by moment."""
        return Moments(
            self.mean + other.mean,
            self.total + other.total,
            self.between + other.between,
            self.within + other.within,
        )

    def over(self, count: int) -> "Moments":
        """Each moment divided by a number."""
        return Moments(
            self.mean / count, self.total / count, self.between / count, self.within / count
        )

    def latent(self, owner: np.ndarray) -> Latent:
        """The Gaussian with these moments; without repeated images patients are uncorrelated."""
        variances, axes = np.linalg.eigh(self.total)
        variances = np.maximum(variances, 1e-12 * variances.max())
        between, within = (
            np.einsum("ik,ik->k", axes, moment @ axes) for moment in (self.between, self.within)
        )
        icc = intraclass(between, within, owner)
        return Latent(self.mean, axes * np.sqrt(variances), icc, owner)


@dataclass(frozen=True)
class _Groups:
    """Values around their patients' means, and these around the mean of all.

    Attributes
    ----------
    inner : float array, shape (n, d)
    outer : float array, shape (patients, d)
        By the root of the number of images.
    free_within, free_between : int
        Degrees of freedom.
    usual : float
        Images of a patient, as an analysis of variance with unequal groups counts them.
    """

    inner: np.ndarray
    outer: np.ndarray
    free_within: int
    free_between: int
    usual: float

    @classmethod
    def of(cls, values: np.ndarray, owner: np.ndarray) -> "_Groups":
        n, sizes = len(values), np.bincount(owner)
        sums = np.zeros((len(sizes), values.shape[1]))
        np.add.at(sums, owner, values)
        centres = sums / sizes[:, None]
        outer = np.sqrt(sizes)[:, None] * (centres - values.mean(axis=0))
        free = max(len(sizes) - 1, 1)
        usual = (n - (sizes**2).sum() / n) / free
        return cls(values - centres[owner], outer, max(n - len(sizes), 1), free, usual)


def intraclass_of(values: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The intraclass correlation of a patient's images in each column of values, shape (n, d)."""
    groups = _Groups.of(values, owner)
    within = (groups.inner**2).sum(axis=0) / groups.free_within
    between = ((groups.outer**2).sum(axis=0) / groups.free_between - within) / groups.usual
    return intraclass(between, within, owner)


def spread_share(standard: np.ndarray) -> float:
    """How much of the variance of standardised values, shape (n, d), goes to all directions alike.

    By Ledoit and Wolf's estimate 1 - s of the share of the covariance that is structure, its root
    is what leaves the covariance as much of it: with s itself the squares of the covariances would
    be too small, and draws would lie in more directions than the values do.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    return float(1 - np.sqrt(1 - ledoit_wolf_shrinkage(standard)))


def intraclass(between: np.ndarray, within: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The intraclass correlations of variances between and within patients; 0 without repeats."""
    if len(owner) == owner.max() + 1:
        return np.zeros_like(between)
    return np.clip(between / np.maximum(between + within, 1e-12), 0, MAX_ICC)
