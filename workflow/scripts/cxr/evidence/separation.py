"""Whether clusters are apart in the features themselves, and how faithful a map is.

t-SNE draws clusters apart even where there are none. So axes that tell the
clusters apart are sought among one half of the patients, and only the other
half, which had no say in them, is asked whether it falls into groups along them.
"""

from itertools import combinations
from typing import Any

import numpy as np

from cxr.evidence.search import Search, search
from cxr.statistics.permutation import halve_patients

MIN_PATIENTS = 5


def map_faithfulness(features: np.ndarray, xy: np.ndarray, neighbours: int) -> dict[str, float]:
    """How far a map keeps neighbourhoods: trustworthiness and continuity, 0 to 1.

    Trustworthiness falls with neighbours in the map that are none in the
    features, continuity with neighbours in the features that are none in the map.

    Parameters
    ----------
    features : float array, shape (n, d)
    xy : float array, shape (n, 2)
    neighbours : int
        How many are looked at, less than n / 2.

    References
    ----------
    J. Venna, S. Kaski, "Neighborhood preservation in nonlinear projection
    methods", ICANN 2001.
    """
    from sklearn.manifold import trustworthiness

    return {
        "neighbours": neighbours,
        "trustworthiness": float(trustworthiness(features, xy, n_neighbors=neighbours)),
        "continuity": float(trustworthiness(xy, features, n_neighbors=neighbours)),
    }


def separation_test(
    features: np.ndarray, patients: np.ndarray, grid: Search, splits: int, seed: int
) -> dict[str, Any]:
    """Hartigan's dip test and silhouette of held-out patients along the clusters' axes.

    For each of `splits` halvings, and each half in turn, the search runs on one
    half alone. For each pair of its clusters, the direction that best tells
    them apart (linear discriminant, shrunk) is an axis. The images of the other
    half that lie around the line between the two, one at random of each patient,
    are projected on it and tested for one mode. Around the line is what is nearer to
    it than to any third cluster's centre: a convex region, in which a log-concave
    density has one mode along every axis (Prékopa 1973), so that leaving out the
    others cuts no gap. The p-values are Bonferroni-adjusted over the pairs, and of
    all halvings the doubled median is taken, which keeps the level whatever their
    dependence.

    Parameters
    ----------
    features : float array, shape (n, d)
    patients : array of str, shape (n,)
    grid : Search
    splits : int
    seed : int

    Returns
    -------
    dict
        `p`; `splits`, in how many halves clusters were found and tested;
        `silhouette` of the held-out images, mean over the halves, null without.

    References
    ----------
    J. Hartigan, P. Hartigan, "The dip test of unimodality", Ann. Stat. 13, 1985.
    A. Prékopa, "On logarithmic concave measures and functions", Acta Sci. Math. 34, 1973.
    N. Meinshausen, L. Meier, P. Bühlmann, "p-values for high-dimensional
    regression", J. Am. Stat. Assoc. 104, 2009 (doubled median).
    """
    rng = np.random.default_rng(seed)
    p_values, silhouettes = [], []
    for _ in range(splits):
        first = halve_patients(patients, rng)
        for half in (first, ~first):
            # In random order, since one image stands for each patient.
            other = rng.permutation(np.flatnonzero(~half))
            p, silhouette = _held_out(features[half], features[other], patients[other], grid)
            p_values.append(p)
            silhouettes.append(silhouette)
    known = [value for value in silhouettes if value is not None]
    return {
        "p": min(1.0, 2 * float(np.median(p_values))),
        "halves": len(p_values),
        "halves_with_clusters": len(known),
        "silhouette": float(np.mean(known)) if known else None,
    }


def _held_out(
    seen: np.ndarray, other: np.ndarray, patients: np.ndarray, grid: Search
) -> tuple[float, float | None]:
    """One half's clusters on the other half: the dip test's p-value, the silhouette."""
    from diptest import diptest
    from sklearn.metrics import silhouette_score

    labels = search(seen, grid, with_dbcv=False).labels
    if len(np.unique(labels[labels >= 0])) < 2:
        return 1.0, None
    axes = _discriminate(seen, labels)
    seen, other = seen @ axes, other @ axes
    centres = np.array([seen[labels == k].mean(axis=0) for k in range(labels.max() + 1)])
    nearest = ((other[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    p_values = []
    for a, b in combinations(range(len(centres)), 2):
        around = _around(other, centres[a], centres[b], np.delete(centres, (a, b), axis=0))
        along = other[around] @ (centres[b] - centres[a])
        alone = along[np.unique(patients[around], return_index=True)[1]]
        p_values.append(float(diptest(alone)[1]) if len(alone) >= MIN_PATIENTS else 1.0)
    several = 1 < len(np.unique(nearest)) < len(other)
    silhouette = float(silhouette_score(other, nearest)) if several else None
    return min(1.0, min(p_values) * len(p_values)), silhouette


def _around(points: np.ndarray, a: np.ndarray, b: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which points are nearer to the line from a to b than to any other centre, bool.

    Of the line the point that is nearest to a centre counts, so that each centre
    leaves a half-space, in which a and b are.
    """
    shares = np.clip((others - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    nearest = a + shares[:, None] * (b - a)
    away, middle = others - nearest, (others + nearest) / 2
    return (points @ away.T <= (middle * away).sum(axis=1)).all(axis=1)


def _discriminate(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
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
