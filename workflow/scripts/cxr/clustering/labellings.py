"""The clusterings of one map: the labels of every DBSCAN cell with a usable number of clusters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxr.clustering.dbscan_kernels import find_roots, lower, solve, write_labels
from cxr.clustering.distinct import keep_once, with_free_row
from cxr.clustering.kdtree import Tree, build_tree
from cxr.clustering.reachability import label_small_map
from cxr.core.numba_cache import kernel

# Points up to which one graph of pairs is faster than trees (tests/benchmarks/README.md).
SMALL = 500


@dataclass(frozen=True)
class Labellings:
    """The distinct clusterings of a map, in the order of the cells that have them first.

    Attributes
    ----------
    labels : int16 array, shape (l, n)
        As from scikit-learn, but numbered in the order of the clusters' first images;
        -1 is an outlier.
    cells : int array, shape (len(eps), len(min_samples))
        The clustering of each cell; -1 where its number of clusters is not usable.
    """

    labels: np.ndarray
    cells: np.ndarray

    def first_cells(self) -> np.ndarray:
        """The first cell of each clustering: its places among eps and min_samples, (l, 2)."""
        _, first = np.unique(self.cells.ravel(), return_index=True)
        first = first[len(first) - len(self.labels) :]
        return np.column_stack(np.unravel_index(first, self.cells.shape))


@kernel
def label_cells(
    tree: Tree, radii: np.ndarray, min_samples: np.ndarray, fewest: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct labels of the cells of a grid with so many clusters.

    Parameters
    ----------
    tree : Tree
    radii : float array, shape (r,)
    min_samples : int array, shape (m,)
        Falling, without repeats.
    fewest, most : int

    Returns
    -------
    labels : int16 array, shape (l, n)
    cells : int array, shape (r, m)
        As in `Labellings`.
    """
    n = len(tree.order)
    labels = np.empty((16, n), np.int16)
    digests = np.empty(len(radii) * len(min_samples), np.uint64)
    cells = np.full((len(radii), len(min_samples)), -1, np.int64)
    number = np.empty(most, np.int16)
    found = 0
    for row, radius in enumerate(radii):
        near, clusters = solve(tree, radius, min_samples[0])
        level = min_samples[0]
        for column, needed in enumerate(min_samples):
            while level > needed:
                level -= 1
                lower(tree, near, clusters, level)
            roots = find_roots(clusters)
            if not fewest <= len(roots) <= most:
                continue
            labels = with_free_row(labels, found)
            write_labels(tree, near, clusters, roots, needed, labels[found])
            cells[row, column] = keep_once(labels, digests, number, found)
            found = max(found, cells[row, column] + 1)
    return labels[:found], cells


def label_map_cells(
    points: np.ndarray,
    eps: Sequence[float],
    min_samples: Sequence[int],
    min_clusters: int,
    max_clusters: int,
) -> Labellings:
    """The distinct clusterings of a map's DBSCAN cells with a usable number of clusters.

    Parameters
    ----------
    points : float array, shape (n, d)
    eps : sequence of float
        Rising.
    min_samples : sequence of int
        Rising.
    min_clusters, max_clusters : int
    """
    counts = np.minimum(np.asarray(min_samples, np.int64), len(points) + 1)
    falling, place = np.unique(-counts, return_inverse=True)
    points, radii = np.ascontiguousarray(points, dtype=np.float64), np.asarray(eps, np.float64)
    bounds = (radii, -falling, min_clusters, max_clusters)
    if len(points) <= SMALL:
        labels, cells = label_small_map(points, *bounds)
    else:
        labels, cells = label_cells(build_tree(points), *bounds)
    return in_order(labels, cells[:, place])


def in_order(labels: np.ndarray, cells: np.ndarray) -> Labellings:
    """Numbers clusterings in the order of the cells that have them first."""
    found, first = np.unique(cells.ravel(), return_index=True)
    found, first = found[found >= 0], first[found >= 0]
    order = found[np.argsort(first)]
    number = np.full(len(labels) + 1, -1)
    number[order] = np.arange(len(order))
    return Labellings(labels[order], number[cells])
