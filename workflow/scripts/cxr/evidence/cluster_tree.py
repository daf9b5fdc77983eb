"""Which clusters are apart from which: tests down the tree of a study's clusters.

The clusters' centroids are agglomerated, and the splits of this tree tested from the
root down, as in the cited sources. Their test of a split compares it with one
Gaussian. Here it is the dip test of held-out patients that `cxr.evidence.separation`
uses: features of a network are rectified and skewed, and the dip test's null
hypothesis is any log-concave density. `tests/benchmarks/README.md` holds its error rates.

The clusters themselves were found on all images, so that the halves are not quite
independent. Of them the tested half gets the axis and the region alone: no tested image
is left out for its cluster, and the gaps that a map draws are not tested.

All images take part. A sample with as many of each cluster would not do: it thickens
small clusters, and in one piece that is cut up this makes modes. Where one of two groups
has less than 5% of their images (and 25 or more in the half that gives the axis), too few
to move the dip, the test looks at one end of the axis alone: from where the other
group's images, in the half that gives the axis, are as many. An interval is convex, so that
one piece has one mode in it too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.evidence.separation import MIN_PATIENTS, between, discriminant_axes
from cxr.statistics.dip import dip_p_value
from cxr.statistics.permutation import halves_of_patients

# Images of one cluster from which axes are fitted, at most; all others are tested still.
MAX_FITTED = 2000
# A group with a smaller share of a split's images is compared with as many of the other group.
SMALL_SHARE = 0.05
MIN_WINDOW = 25  # images of a group that can be compared so


@dataclass(frozen=True)
class Split:
    """A node of the tree: two groups of clusters, and the split above it, -1 for the root."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    parent: int


def tree_test(
    features: np.ndarray,
    patients: np.ndarray,
    labels: np.ndarray,
    splits: int,
    alpha: float,
    seed: int,
) -> list[dict[str, Any]]:
    """Tests of the splits of the clusters' tree, the family-wise error held.

    For each of `splits` halvings of the patients, and each half in turn, the linear
    discriminant (shrunk) of a split's two groups comes from the one half. In the other, all
    images around the line between the groups, those without a cluster too, one of each
    patient, are projected on it and tested for one mode. Around the line is what is
    nearer to it than to the centre of any cluster outside the split, a convex region.
    The p value is twice the median over the halves.

    A split of n' of the n images in clusters is tested at the level
    alpha (n' - 1) / (n - 1), and only if the split above it was rejected. Then the
    probability that any split of one piece is called apart is at most alpha.

    Parameters
    ----------
    features : float array, shape (n, d)
    patients : array of str, shape (n,)
    labels : int array, shape (n,)
        The study's clusters; -1 is an outlier.
    splits : int
    alpha : float
    seed : int

    Returns
    -------
    list of dict
        From the root down, `left` and `right` (clusters), `p`, `adjusted_p` (to be compared
        with alpha; null, as `p`, where the split above is not apart), `apart`. Empty with
        fewer than two clusters.

    References
    ----------
    N. Meinshausen, "Hierarchical testing of variable importance", Biometrika 95, 2008.
    P. Kimes, Y. Liu, D. Hayes, J. Marron, "Statistical significance for hierarchical
    clustering", Biometrics 73, 2017.
    """
    clusters = np.unique(labels[labels >= 0])
    if len(clusters) < 2:
        return []
    features = _in_their_span(features)
    patients = np.unique(patients, return_inverse=True)[1]
    halves = list(halves_of_patients(patients, splits, np.random.default_rng(seed)))
    sizes = np.bincount(labels[labels >= 0])
    results: list[dict[str, Any]] = []
    fitted = _at_most(labels, MAX_FITTED, np.random.default_rng(seed))
    for split in cluster_tree(features[fitted], labels[fitted]):
        result = {"left": list(split.left), "right": list(split.right)}
        above = 0.0 if split.parent < 0 else results[split.parent]["adjusted_p"]
        if above is None or above > alpha:
            results.append({**result, "p": None, "adjusted_p": None, "apart": False})
            continue
        p_values = [_held_out_p(features, patients, labels, split, *half) for half in halves]
        p = min(1.0, 2 * float(np.median(p_values)))
        share = float((sizes[[*split.left, *split.right]].sum() - 1) / (sizes.sum() - 1))
        adjusted = max(above, min(1.0, p / share))
        results.append({**result, "p": p, "adjusted_p": adjusted, "apart": adjusted <= alpha})
    return results


def _in_their_span(features: np.ndarray) -> np.ndarray:
    """The features turned into as few coordinates as hold them, with the same distances."""
    centred = features - features.mean(axis=0)
    if features.shape[1] < len(features):
        return centred
    left, lengths, _ = np.linalg.svd(centred, full_matrices=False)
    return left * lengths


def cluster_tree(features: np.ndarray, labels: np.ndarray) -> list[Split]:
    """The splits of the clusters' tree, the root first, parents before their children.

    Average linkage of the clusters' centroids, in axes in which the spread within
    clusters is one in every direction. The group with the lowest cluster is the left one.

    Parameters
    ----------
    features : float array, shape (n, d)
    labels : int array, shape (n,)
        At least two clusters; -1 is an outlier.
    """
    from scipy.cluster.hierarchy import linkage, to_tree

    clusters = np.unique(labels[labels >= 0])
    placed = features @ discriminant_axes(features, labels)
    centroids = np.array([placed[labels == cluster].mean(axis=0) for cluster in clusters])
    root = to_tree(linkage(centroids, method="average"))
    found, waiting = [], [(root, -1)]
    while waiting:
        node, parent = waiting.pop(0)
        if node.is_leaf():
            continue
        below = sorted(
            (tuple(sorted(int(clusters[leaf]) for leaf in child.pre_order())), child)
            for child in (node.get_left(), node.get_right())
        )
        found.append(Split(below[0][0], below[1][0], parent))
        waiting += [(child, len(found) - 1) for _, child in below]
    return found


def _held_out_p(
    features: np.ndarray,
    patients: np.ndarray,
    labels: np.ndarray,
    split: Split,
    half: np.ndarray,
    held_out: np.ndarray,
) -> float:
    """The dip test's p value of the held-out images along a split's axis, 1 where too few."""
    sides = [np.isin(labels[half], split.left), np.isin(labels[half], split.right)]
    sizes = np.array([side.sum() for side in sides])
    if not sizes.all():
        return 1.0
    half = half[_at_most(labels[half], MAX_FITTED, np.random.default_rng(0))]
    known, clusters = features[half], labels[half]
    group = np.select([np.isin(clusters, split.left), np.isin(clusters, split.right)], [0, 1], -1)
    axes = discriminant_axes(known, group)
    known = known @ axes
    left, right = (known[group == side].mean(axis=0) for side in (0, 1))
    present = np.unique(clusters[clusters >= 0])
    outside = present[~np.isin(present, [*split.left, *split.right])]
    others = np.array([known[clusters == k].mean(axis=0) for k in outside]).reshape(-1, len(left))
    tested = features[held_out]
    around = between(tested, left, right, others, axes)
    along = (tested @ (axes @ (right - left)))[around]
    inside = _window([known[group == side] @ (right - left) for side in (0, 1)], sizes)
    around, along = np.flatnonzero(around)[inside(along)], along[inside(along)]
    one_each = along[np.unique(patients[held_out][around], return_index=True)[1]]
    return dip_p_value(one_each) if len(one_each) >= MIN_PATIENTS else 1.0


def _at_most(labels: np.ndarray, largest: int, rng: np.random.Generator) -> np.ndarray:
    """Places of at most so many images of each cluster, drawn at random, ascending."""
    if np.bincount(labels + 1).max(initial=0) <= largest:
        return np.arange(len(labels))
    order = rng.permutation(len(labels))
    rank = pd.Series(labels[order]).groupby(labels[order]).cumcount().to_numpy()
    return np.sort(order[rank < largest])


def _window(along: list[np.ndarray], sizes: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """What of an axis is tested for one mode: where a group is small, its end of it.

    Parameters
    ----------
    along : list of float array
        Where images of the two groups lie on the axis, the first group below the second.
    sizes : int array, shape (2,)
        Images of the groups, of which `along` may be a sample.
    """
    small = int(np.argmin(sizes))
    share = sizes[small] / sizes.sum()
    if share >= SMALL_SHARE or sizes[small] < MIN_WINDOW:
        return lambda values: np.full(len(values), True)
    kept = sizes[small] / sizes[1 - small]
    if small == 1:
        start = np.quantile(along[0], 1 - kept)
        return lambda values: values >= start
    end = np.quantile(along[1], kept)
    return lambda values: values <= end
