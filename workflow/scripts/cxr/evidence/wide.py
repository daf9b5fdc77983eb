"""The Gaussian of a sampling of censored values where there are no more images than units.

Its covariance is shrunk (Ledoit and Wolf): in as many directions as the images span it is theirs,
in all others it is alike. So a sweep needs no matrix of all pairs of units, of which encoders
have thousands: only the images' own directions.

So many units can't be told from few images together with what was cut off: sampled values and
the covariance that is fitted to them would drive one another apart. So each unit's mean and
standard deviation are those that its own values make most likely, and only correlations are
sampled.
"""

from dataclasses import dataclass

import numpy as np

from cxr.evidence.conditional import drawn_below, shared_scores
from cxr.evidence.moments import intraclass_of, spread_share

# Directions with a smaller share of the largest singular value are none.
NONE = 1e-9


@dataclass(frozen=True)
class Margins:
    """Means and standard deviations of units, each shape (d,)."""

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray) -> "Margins":
        """Those of values, shape (n, d); 1 where all are alike."""
        scale = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(scale > 0, scale, 1.0))

    def improved(self, values: np.ndarray, zeros: np.ndarray, limits: np.ndarray) -> "Margins":
        """One step of expectation and maximisation, each unit by itself.

        Parameters
        ----------
        values : float array, shape (n, d)
            What is censored counts as below its limit alone.
        zeros : bool array, shape (n, d)
            What is censored.
        limits : float array, shape (n, d)

        References
        ----------
        A. P. Dempster, N. M. Laird, D. B. Rubin, "Maximum likelihood from incomplete data via the
        EM algorithm", J. R. Stat. Soc. B 39, 1977.
        """
        from scipy.special import log_ndtr

        height = (limits - self.mean) / self.scale
        hazard = np.exp(-0.5 * height**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(height))
        expected = np.where(zeros, self.mean - self.scale * hazard, values)
        left = np.where(zeros, self.scale**2 * (1 - height * hazard - hazard**2), 0.0)
        mean = expected.mean(axis=0)
        scale = np.sqrt(((expected - mean) ** 2 + np.maximum(left, 0)).mean(axis=0))
        return Margins(mean, np.where(scale > 0, scale, 1.0))


@dataclass(frozen=True)
class WideLatent:
    """A Gaussian of standardised units with few principal directions.

    Attributes
    ----------
    mean, scale : float array, shape (d,)
        Of the units; the rest is of units less their mean, in their scale.
    directions : float array, shape (d, r)
        Orthonormal.
    variances, icc : float array, shape (r,)
        Along each direction; a patient's images are correlated along these alone.
    rest : float
        The variance in every other direction.
    owner : int array, shape (n,)
        The patient of each image, from 0.
    """

    mean: np.ndarray
    scale: np.ndarray
    directions: np.ndarray
    variances: np.ndarray
    icc: np.ndarray
    rest: float
    owner: np.ndarray

    @classmethod
    def of(
        cls, values: np.ndarray, owner: np.ndarray, margins: "Margins | None" = None
    ) -> "WideLatent":
        """The shrunk Gaussian of values, shape (n, d), of the patients `owner`.

        Its units have the means and standard deviations of `margins`, or those of the values.
        """
        own = Margins.of(values)
        standard = (values - own.mean) / own.scale
        shrinkage = spread_share(standard)
        left, singular, right = np.linalg.svd(standard, full_matrices=False)
        kept = singular > NONE * singular[0]
        scores = left[:, kept] * singular[kept]
        rest = max(shrinkage * float((standard**2).mean()), 1e-12 * singular[0] ** 2 / len(values))
        variances = (1 - shrinkage) * singular[kept] ** 2 / len(values) + rest
        icc = intraclass_of(scores, owner)
        mean, scale = (margins or own).mean, (margins or own).scale
        return cls(mean, scale, right[kept].T, variances, icc, rest, owner)

    def sweep(
        self,
        values: np.ndarray,
        zeros: np.ndarray,
        rng: np.random.Generator,
        limits: np.ndarray | None = None,
    ) -> None:
        """One Gibbs sweep over the censored values, in place; they lie below `limits`, or 0."""
        deviations = np.sqrt(self.variances)
        residuals = (values - self.mean) / self.scale
        scores = residuals @ (self.directions / deviations)
        shared = shared_scores(scores, self.icc, self.owner, rng)
        residuals -= (np.sqrt(self.icc) * shared * deviations)[self.owner] @ self.directions.T
        along = residuals @ self.directions
        # The inverse of an image's covariance: 1 / rest everywhere, less this in each direction.
        less = 1 / self.rest - 1 / (self.variances * (1 - self.icc))
        precisions = 1 / self.rest - self.directions**2 @ less
        for unit in np.flatnonzero(zeros.any(axis=0)):
            rows, direction = zeros[:, unit], self.directions[unit]
            here = residuals[rows, unit]
            pull = here / self.rest - along[rows] @ (less * direction)
            deviation = 1 / np.sqrt(precisions[unit])
            limit = 0.0 if limits is None else limits[rows, unit]
            now = (values[rows, unit] - self.mean[unit]) / self.scale[unit]
            centre = now - pull / precisions[unit]
            limit = (limit - self.mean[unit]) / self.scale[unit]
            drawn = drawn_below(limit, centre, deviation, rng)
            residuals[rows, unit] = here + (drawn - now)
            along[rows] += np.outer(drawn - now, direction)
            values[rows, unit] = self.mean[unit] + self.scale[unit] * drawn
