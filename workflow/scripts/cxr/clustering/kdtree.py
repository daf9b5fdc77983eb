"""A k-d tree as plain arrays, which compiled code can walk.

scikit-learn's and SciPy's trees answer queries of their own kinds only, and
importing either takes longer than most sweeps.
"""

from typing import NamedTuple

import numpy as np

from cxr.core.numba_cache import kernel

LEAF_SIZE = 8


class Tree(NamedTuple):
    """A complete binary tree; node i has the children 2 i + 1 and 2 i + 2.

    Attributes
    ----------
    points : float array, shape (n, d)
        In the order of the tree, so that a node's points are a slice.
    order : int array, shape (n,)
        Their indices in the input.
    start, end : int array, shape (n_nodes,)
        Slice of each node.
    leaf : bool array, shape (n_nodes,)
    low, high : float array, shape (n_nodes, d)
        Corners of the smallest box around the node's points.

    References
    ----------
    J. H. Friedman, J. L. Bentley, R. A. Finkel, "An algorithm for finding best
    matches in logarithmic expected time", ACM Trans. Math. Softw. 3, 1977.
    """

    points: np.ndarray
    order: np.ndarray
    start: np.ndarray
    end: np.ndarray
    leaf: np.ndarray
    low: np.ndarray
    high: np.ndarray


@kernel
def axis_distances(low_a: float, high_a: float, low_b: float, high_b: float) -> tuple[float, float]:
    """The least and the greatest distance of two points along an axis, one in each interval.

    The sums of their squares over the axes bound the squared distances between two boxes; of
    a point both ends are the point.
    """
    below = low_a - high_b
    above = low_b - high_a
    return max(below, above, 0.0), max(-below, -above)


@kernel
def place_median(
    points: np.ndarray, order: np.ndarray, start: int, middle: int, end: int, axis: int
) -> None:
    """Reorders a slice so that no coordinate left of `middle` exceeds one right of it.

    References
    ----------
    C. A. R. Hoare, "Algorithm 65: find", Commun. ACM 4, 1961.
    """
    while end - start > 1:
        pivot = points[order[(start + end) // 2], axis]
        i, j = start, end - 1
        while i <= j:
            while points[order[i], axis] < pivot:
                i += 1
            while points[order[j], axis] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            end = j + 1
        elif middle >= i:
            start = i
        else:
            break


@kernel
def build_tree(points: np.ndarray) -> Tree:
    """The tree of finite points, float array of shape (n, d), n at least 1."""
    n, dim = points.shape
    n_leaves = 1
    while n_leaves * LEAF_SIZE < n:
        n_leaves *= 2
    n_nodes = 2 * n_leaves - 1
    order = np.arange(n).astype(np.int32)
    start = np.zeros(n_nodes, np.int32)
    end = np.zeros(n_nodes, np.int32)
    leaf = np.zeros(n_nodes, np.bool_)
    low = np.empty((n_nodes, dim))
    high = np.empty((n_nodes, dim))
    end[0] = n
    for node in range(n_nodes):
        widest = 0
        for axis in range(dim):
            least = most = points[order[start[node]], axis]
            for i in range(start[node] + 1, end[node]):
                least = min(least, points[order[i], axis])
                most = max(most, points[order[i], axis])
            low[node, axis], high[node, axis] = least, most
            if most - least > high[node, widest] - low[node, widest]:
                widest = axis
        if node >= n_leaves - 1:
            leaf[node] = True
            continue
        middle = (start[node] + end[node]) // 2
        place_median(points, order, start[node], middle, end[node], widest)
        start[2 * node + 1], end[2 * node + 1] = start[node], middle
        start[2 * node + 2], end[2 * node + 2] = middle, end[node]
    ordered = np.empty((n, dim))
    for i in range(n):
        for axis in range(dim):
            ordered[i, axis] = points[order[i], axis]
    return Tree(ordered, order, start, end, leaf, low, high)
