"""Whether clusters are separated in the features themselves, in held-out patients.

t-SNE separates clusters even where there are none. So axes that discriminate the
clusters are fitted to one half of the patients, and only the other half, which is
held out, is tested for groups along them.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from cxr.embedding.knn import Neighbours
from cxr.evidence.many_searches import PendingSearch, run_searches
from cxr.evidence.search import SearchedMaps, SearchGrid, best_of_maps, neighbours_for
from cxr.statistics.dip import dip_p_value
from cxr.statistics.permutation import halves_of_patients, patients_that_fit

MIN_PATIENTS = 5


def separation_test(
    features: np.ndarray,
    patients: np.ndarray,
    grid: SearchGrid,
    splits: int,
    seed: int,
    largest: int | None = None,
    threads: int = 1,
) -> dict[str, Any]:
    """Hartigan's dip test and silhouette of held-out patients along the clusters' axes.

    For each of `splits` halvings, and each half in turn, the search runs on one
    half alone, of a large study on a sample of its patients. For each pair of its
    clusters, their linear discriminant (shrunk) is an axis. The images of the other
    half, all of them, that lie around the line between the two, one at random of each patient,
    are projected on it and tested for one mode (`cxr.statistics.dip`). Around the
    line is what is nearer to it than to any third cluster's centre: a convex
    region, in which a log-concave density has one mode along every axis (Prékopa
    1973), so that leaving out the others cuts no gap. The p-values are
    Bonferroni-adjusted over the pairs, and of all halvings the doubled median is
    taken, which keeps the level whatever their dependence.

    Parameters
    ----------
    features : float array, shape (n, d)
    patients : array of str, shape (n,)
    grid : SearchGrid
    splits : int
    seed : int
    largest : int, optional
        Most images that are searched, and of which the silhouette is; None for all.
    threads : int
        As of `cxr.evidence.many_searches.run_searches`.

    Returns
    -------
    dict
        `p`; `halves`, how many were searched; `halves_with_clusters`, in how many
        clusters were found and tested; `silhouette` of the held-out images, mean
        over these, null without.

    References
    ----------
    A. Prékopa, "On logarithmic concave measures and functions", Acta Sci. Math. 34, 1973.
    N. Meinshausen, L. Meier, P. Bühlmann, "p-values for high-dimensional
    regression", J. Am. Stat. Assoc. 104, 2009 (doubled median).
    """
    # Numbers are compared faster than names, and are in the same order.
    patients = np.unique(patients, return_inverse=True)[1]
    rng, most = np.random.default_rng(seed), largest or len(patients)

    def halves() -> Iterator[PendingSearch[tuple[float, float | None]]]:
        for half, held_out in halves_of_patients(patients, splits, rng):
            searched = half
            if len(half) > most:
                searched = half[patients_that_fit(patients[half], most, rng)]
            yield _half(features, patients, searched, held_out, grid, most)

    p_values, silhouettes = zip(*run_searches(halves(), threads), strict=True)
    defined = [value for value in silhouettes if value is not None]
    return {
        "p": min(1.0, 2 * float(np.median(p_values))),
        "halves": len(p_values),
        "halves_with_clusters": len(defined),
        "silhouette": float(np.mean(defined)) if defined else None,
    }


def _half(
    features: np.ndarray,
    patients: np.ndarray,
    searched: np.ndarray,
    held_out: np.ndarray,
    grid: SearchGrid,
    largest: int,
) -> PendingSearch[tuple[float, float | None]]:
    """The search of one half's images, which finds what `_test_half` gives of the other's."""

    def prepare() -> tuple[np.ndarray, Neighbours]:
        return features[searched], neighbours_for(features[searched], grid)

    def finish(values: np.ndarray, maps: SearchedMaps) -> tuple[float, float | None]:
        labels = best_of_maps(maps, grid, with_statistics=False).labels
        return _test_half(values, labels, features[held_out], patients[held_out], largest)

    return PendingSearch(len(searched), grid, 0, prepare, finish)


def _test_half(
    searched: np.ndarray,
    labels: np.ndarray,
    held_out: np.ndarray,
    patients: np.ndarray,
    largest: int,
) -> tuple[float, float | None]:
    """One half's clusters on the other half: the dip test's p-value, the silhouette."""
    from sklearn.metrics import silhouette_score

    if len(np.unique(labels[labels >= 0])) < 2:
        return 1.0, None
    axes = discriminant_axes(searched, labels)
    searched = searched @ axes
    centres = np.array([searched[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    p_values = []
    for a, b in combinations(range(len(centres)), 2):
        others = np.delete(centres, (a, b), axis=0)
        around = between(held_out, centres[a], centres[b], others, axes)
        along = (held_out @ (axes @ (centres[b] - centres[a])))[around]
        one_each = along[np.unique(patients[around], return_index=True)[1]]
        p_values.append(dip_p_value(one_each) if len(one_each) >= MIN_PATIENTS else 1.0)
    # In random order, so that the first ones are a sample.
    some = held_out[:largest] @ axes
    nearest = ((some[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    several = 1 < len(np.unique(nearest)) < len(some)
    silhouette = float(silhouette_score(some, nearest)) if several else None
    return min(1.0, min(p_values) * len(p_values)), silhouette


def between(
    points: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    others: np.ndarray,
    axes: np.ndarray | None = None,
) -> np.ndarray:
    """Which points are nearer to the line from a to b than to any other centre, bool.

    Of the line the point that is nearest to a centre counts, so that each centre
    leaves a half-space, in which a and b are. With `axes`, shape (d, d), the centres are in
    coordinates along these, and distances too, but the points are not: of many points only
    what is needed is turned.
    """
    shares = np.clip((others - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    nearest = a + shares[:, None] * (b - a)
    away, middle = others - nearest, (others + nearest) / 2
    normals = away.T if axes is None else axes @ away.T
    return (points @ normals <= (middle * away).sum(axis=1)).all(axis=1)


def discriminant_axes(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Axes in which the spread within clusters is one in every direction, shape (d, d).

    Distances along them are those of linear discriminant analysis; the
    covariance within clusters is shrunk (Ledoit and Wolf).
    """
    from sklearn.covariance import ledoit_wolf

    clustered = labels >= 0
    inner = features[clustered].copy()
    for cluster in np.unique(labels[clustered]):
        member = labels[clustered] == cluster
        inner[member] -= inner[member].mean(axis=0)
    variances, axes = np.linalg.eigh(ledoit_wolf(inner, assume_centered=True)[0])
    return axes / np.sqrt(np.maximum(variances, 1e-9 * variances.max(initial=1e-12)))
