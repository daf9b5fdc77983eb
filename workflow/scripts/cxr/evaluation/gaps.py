"""Differences of a network's rates between some images and others of the same true classes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

METRICS = ("sensitivity", "specificity", "roc_auc")


@dataclass(frozen=True)
class ClassSums:
    """Sums over some images, by class; each array has a first axis of r weightings.

    Attributes
    ----------
    sizes : float array, shape (r, c)
        Images of each class.
    correct : float array, shape (r, c, c)
        Of class k against the rest, the images of the second class that are correct.
    above, below : float array, shape (r, c, c)
        Placements by the probability of class k: of the images of k among all of the second
        class, and of those of the second class among all of k.
    """

    sizes: np.ndarray
    correct: np.ndarray
    above: np.ndarray
    below: np.ndarray


class Placements:
    """What each image adds to the rates of every class against every other.

    An image's placement is the share of all images of the other class that it is on the right
    side of, ties counted half; an AUC is the mean placement of either class.

    Parameters
    ----------
    labels : int array, shape (n,)
    probabilities : float array, shape (n, c)

    References
    ----------
    E. DeLong, D. DeLong, D. Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves", Biometrics 44, 1988.
    """

    def __init__(self, labels: np.ndarray, probabilities: np.ndarray) -> None:
        n, c = probabilities.shape
        self.c, self.member = c, np.eye(c)[labels]
        called = np.eye(c)[probabilities.argmax(axis=1)]
        right = np.where(np.eye(c, dtype=bool), called[:, :, None], 1 - called[:, :, None])
        correct = right * self.member[:, None, :]
        above, below = np.zeros((n, c, c)), np.zeros((n, c, c))
        for k in range(c):
            scores = probabilities[:, k]
            for other in range(c):
                own, others = labels == k, labels == other
                above[own, k, other] = _share_below(scores[own], scores[others])
                below[others, k, other] = 1 - _share_below(scores[others], scores[own])
        self.columns = np.hstack(
            [self.member, *(a.reshape(n, -1) for a in (correct, above, below))]
        )

    def sums(self, weights: np.ndarray) -> ClassSums:
        """The sums under each row of weights, shape (r, n)."""
        c, columns = self.c, weights @ self.columns
        parts = np.split(columns, [c, c + c**2, c + 2 * c**2], axis=1)
        return ClassSums(parts[0], *(part.reshape(-1, c, c) for part in parts[1:]))


def _share_below(scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The share of the others that each score is above, ties counted half; 0 without others."""
    ordered = np.sort(others)
    sides = [np.searchsorted(ordered, scores, side) for side in ("left", "right")]
    return (sides[0] + sides[1]) / 2 / max(len(others), 1)


def differences(
    metric: str, k: int, strata: Sequence[int], inside: ClassSums, outside: ClassSums
) -> np.ndarray:
    """A metric of class `k` inside less outside, among images of the same true classes.

    The mean over the true classes `strata` with Mantel and Haenszel's weights. The AUC of `k`
    against one of them is compared by placements among all images, to which the difference of
    the two AUCs is equal but for terms of second order.

    Parameters
    ----------
    metric : str
        One of `METRICS`.
    k : int
    strata : sequence of int
        Classes; of the sensitivity `k` alone, of the others any but `k`.
    inside, outside : ClassSums
        Under r weightings.

    Returns
    -------
    float array, shape (r,)
        NaN where no class has weight on both sides.
    """
    total, mass = np.zeros(len(inside.sizes)), np.zeros(len(inside.sizes))
    for other in strata:
        rates, sizes = zip(
            *(_of_class(metric, k, other, sums) for sums in (inside, outside)), strict=True
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            weight = np.nan_to_num(sizes[0] * sizes[1] / (sizes[0] + sizes[1]))
        total += weight * np.nan_to_num(rates[0] - rates[1])
        mass += weight
    with np.errstate(invalid="ignore"):
        return total / mass


def _of_class(metric: str, k: int, other: int, sums: ClassSums) -> tuple[np.ndarray, np.ndarray]:
    """A metric of `k` against one class but for what both sides share, and its weight."""
    size = sums.sizes[:, other]
    with np.errstate(invalid="ignore", divide="ignore"):
        if metric != "roc_auc":
            return sums.correct[:, k, other] / size, size
        of_k = sums.above[:, k, other] / sums.sizes[:, k]
        return of_k + sums.below[:, k, other] / size, sums.sizes[:, k] * size
