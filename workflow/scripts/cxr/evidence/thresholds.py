"""The thresholds of a verdict, and the sample size below which there is none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MinimumSize:
    """The sample size that a verdict needs.

    Attributes
    ----------
    min_images, min_patients : int
    """

    min_images: int
    min_patients: int


@dataclass(frozen=True)
class Thresholds:
    """The config's `evidence.thresholds`.

    Attributes
    ----------
    alpha : float
        Error accepted in each test, and the false discovery rate among the fields.
    effect : float
        Effect size from which a field explains the clusters.
    jaccard : float
        Mean Jaccard similarity from which a cluster is stable.
    min_images, min_patients : int
    """

    alpha: float
    effect: float
    jaccard: float
    min_images: int
    min_patients: int

    @property
    def minimum(self) -> MinimumSize:
        """The sample size that a verdict needs."""
        return MinimumSize(self.min_images, self.min_patients)
