"""How well a network tells two classes apart among images that are alike in a recorded field."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

# Patients of each of two classes in common strata: with fewer, one of them moves a rate by
# more than a fifth.
MIN_PATIENTS = 5

Pair = tuple[int, int]


def comparable_pairs(
    labels: np.ndarray, strata: np.ndarray, patients: np.ndarray
) -> tuple[list[Pair], list[Pair], np.ndarray]:
    """The pairs of classes that share strata, those that do not, and the images compared.

    Pairs with too few patients in common strata, though at least half of both classes are
    there, are in neither list: they say nothing about the field.

    Parameters
    ----------
    labels, strata : int array, shape (n,)
    patients : array of str, shape (n,)

    Returns
    -------
    pairs : list of (int, int)
        Those with at least `MIN_PATIENTS` patients of each class in strata that hold both.
    lost : list of (int, int)
        Those with fewer, and most patients of a class elsewhere.
    compared : bool array, shape (n,)
        The images of the pairs in common strata.
    """
    pairs, lost, compared = [], [], np.zeros(len(labels), dtype=bool)
    for pair in combinations(np.unique(labels).tolist(), 2):
        members = [labels == name for name in pair]
        common = np.intersect1d(*(strata[rows] for rows in members))
        shared = [member & np.isin(strata, common) for member in members]
        whole, inside = (
            np.array([len(np.unique(patients[of_class])) for of_class in rows])
            for rows in (members, shared)
        )
        if inside.min() >= MIN_PATIENTS:
            pairs.append(pair)
            compared |= shared[0] | shared[1]
        elif (2 * inside < whole).any():
            lost.append(pair)
    return pairs, lost, compared


def pairwise_accuracies(
    labels: np.ndarray,
    probabilities: np.ndarray,
    strata: np.ndarray,
    pairs: Sequence[Pair],
    weights: np.ndarray,
) -> np.ndarray:
    """The accuracy within strata with which the two classes of each pair are told apart.

    An image of one of two classes is correct where its class has the higher probability of
    the two, half correct where they are equal; chance is 0.5. In a stratum both classes count
    alike, and a stratum with a and b images of them counts a * b / (a + b), as in
    Mantel and Haenszel's estimate: strata with one class alone count nothing.

    Parameters
    ----------
    labels, strata : int array, shape (n,)
    probabilities : float array, shape (n, c)
    pairs : sequence of (int, int)
        Positions of classes.
    weights : float array, shape (r, n)

    Returns
    -------
    float array, shape (r, number of pairs)
        NaN where a pair shares no stratum under a weighting.

    References
    ----------
    N. Mantel, W. Haenszel, "Statistical aspects of the analysis of data from retrospective
    studies of disease", J. Natl. Cancer Inst. 22, 1959.
    """
    from scipy.sparse import csr_array

    n, c = probabilities.shape
    n_strata = int(strata.max()) + 1
    cells, rows = strata * c + labels, np.arange(n)

    def sums(values: np.ndarray) -> np.ndarray:
        """Weighted sums by stratum and class, shape (r, strata, c)."""
        table = csr_array((values, (rows, cells)), shape=(n, n_strata * c))
        return (weights @ table).reshape(len(weights), n_strata, c)

    own = probabilities[rows, labels][:, None]
    correct = (own > probabilities) + 0.5 * (own == probabilities)
    totals, hits = sums(np.ones(n)), [sums(correct[:, other]) for other in range(c)]
    accuracies = np.empty((len(weights), len(pairs)))
    for place, (a, b) in enumerate(pairs):
        n_a, n_b = totals[..., a], totals[..., b]
        with np.errstate(invalid="ignore", divide="ignore"):
            mass = np.where(n_a + n_b > 0, n_a * n_b / (n_a + n_b), 0)
            share = (hits[b][..., a] * n_b + hits[a][..., b] * n_a) / (2 * (n_a + n_b))
            sum_of_shares = np.where(n_a + n_b > 0, share, 0).sum(axis=1)
            accuracies[:, place] = sum_of_shares / mass.sum(axis=1)
    return accuracies
