"""DBSCAN of one set of points for every eps and min_samples, labelled as by scikit-learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxr.clustering.dbscan_kernels import count_clusters, label_tree
from cxr.clustering.kdtree import build_tree


@dataclass(frozen=True)
class Cells:
    """The clusters of a grid of DBSCAN cells, eps by eps, within it min_samples by min_samples.

    Attributes
    ----------
    n_clusters, n_outliers : int array, shape (len(eps), len(min_samples))
    sizes : int array, shape (n_clusters.sum(),)
        Sizes of the clusters of each cell in the order of their labels, the
        border points counted.
    """

    n_clusters: np.ndarray
    n_outliers: np.ndarray
    sizes: np.ndarray


def sweep_cells(points: np.ndarray, eps: Sequence[float], min_samples: Sequence[int]) -> Cells:
    """Counts the clusters, their sizes and the outliers of every cell, without its labels.

    All cells share one tree, and those of one eps one count of neighbours and
    one union-find. Memory grows with n times the largest min_samples.

    Parameters
    ----------
    points : float array, shape (n, d)
    eps : sequence of float
        Radii, greater than 0, in any order.
    min_samples : sequence of int
        Neighbours, the point itself counted, that make a core point; in any
        order.

    Raises
    ------
    ValueError
        If `points` is empty or holds NaN or infinity, an eps is not greater
        than 0, or a min_samples is below 1.

    References
    ----------
    M. Ester, H.-P. Kriegel, J. Sander, X. Xu, "A density-based algorithm for
    discovering clusters in large spatial databases with noise", KDD 1996.
    Y. Wang, Y. Gu, J. Shun, "Theoretically-efficient and practical parallel
    DBSCAN", SIGMOD 2020 (points in a box of diagonal eps are neighbours).
    """
    points, radii, counts = _checked(points, eps, min_samples)
    # The kernel wants each min_samples once, from the largest down.
    falling, place = np.unique(-counts, return_inverse=True)
    clusters, outliers, sizes = count_clusters(build_tree(points), radii, -falling)
    column = np.arange(len(radii))[:, None] * len(falling) + place
    lengths, starts = clusters.ravel(), np.cumsum(clusters) - clusters.ravel()
    selected = lengths[column.ravel()]
    shifts = starts[column.ravel()] - (np.cumsum(selected) - selected)
    index = np.arange(selected.sum()) + np.repeat(shifts, selected)
    return Cells(clusters[:, place], outliers[:, place], sizes[index])


def label_points(points: np.ndarray, eps: float, min_samples: int) -> np.ndarray:
    """The labels of one cell, those of `sklearn.cluster.DBSCAN`.

    Clusters are numbered by their first core point. A border point goes to the
    cluster with the lowest number among those it borders on.

    Returns
    -------
    int array, shape (n,)
        Cluster of each point, -1 for an outlier.

    Raises
    ------
    ValueError
        As `sweep_cells`.
    """
    points, (radius,), (count,) = _checked(points, [eps], [min_samples])
    return label_tree(build_tree(points), radius, count)


def _checked(
    points: np.ndarray, eps: Sequence[float], min_samples: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The arguments as the arrays that the kernels need."""
    points = np.ascontiguousarray(points, dtype=np.float64)
    radii = np.asarray(eps, dtype=np.float64)
    counts = np.asarray(min_samples)
    if points.ndim != 2 or points.size == 0:
        raise ValueError(f"points: shape {points.shape} is not (n, d) with n and d at least 1")
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise ValueError(
            f"points: {bad.sum()} of {len(points)} rows hold NaN or infinity, "
            f"the first is row {bad.argmax()}"
        )
    if radii.ndim != 1 or not (radii > 0).all():
        raise ValueError(f"eps: every value must be greater than 0, got {eps}")
    if counts.ndim != 1 or not (counts >= 1).all() or (counts != counts.astype(np.int64)).any():
        raise ValueError(f"min_samples: every value must be a whole number >= 1, got {min_samples}")
    # No point has more than n neighbours; the kernels reserve room for min_samples.
    return points, radii, np.minimum(counts.astype(np.int64), len(points) + 1)
