"""HDBSCAN's clusters for several smallest cluster sizes, from one single-linkage tree.

The tree is that of the mutual reachability distance; every smallest size condenses it in another
way. A fit for each size, as the `hdbscan` package makes it, builds the tree every time.

References
----------
R. Campello, D. Moulavi, J. Sander, "Density-based clustering based on hierarchical density
estimates", PAKDD 2013.
"""

from collections.abc import Sequence

import numpy as np

from cxr.clustering.disjoint_sets import find_root
from cxr.clustering.distinct import renumber
from cxr.clustering.reachability import find_nearest, span, squared_distance
from cxr.core.numba_cache import kernel

# Points on one place would have an infinite density.
SMALLEST_DISTANCE = 1e-12


@kernel
def link(points: np.ndarray, neighbours: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The single-linkage tree of the mutual reachability distance.

    Nodes below n are the points, node n + i is the i-th merger.

    Parameters
    ----------
    points : float array, shape (n, d)
    neighbours : int
        Of the core distance, the point itself not counted; below n.

    Returns
    -------
    children : int array, shape (n - 1, 2)
    distances : float array, shape (n - 1,)
        Rising.
    sizes : int array, shape (2n - 1,)
        Points below each node.
    """
    n = len(points)
    core = find_nearest(points, neighbours + 1)[1][:, neighbours].copy()
    pairs = span(points, core)
    squares = np.empty(n - 1)
    for edge in range(n - 1):
        p, q = pairs[edge, 0], pairs[edge, 1]
        squares[edge] = max(squared_distance(points, p, q), core[p], core[q])
    children, sizes = np.empty((n - 1, 2), np.int64), np.ones(2 * n - 1, np.int64)
    distances, parent = np.empty(n - 1), np.arange(2 * n - 1)
    for step, edge in enumerate(np.argsort(squares, kind="mergesort")):
        for side in range(2):
            root = find_root(parent, pairs[edge, side])
            children[step, side] = root
            parent[root] = n + step
        sizes[n + step] = sizes[children[step, 0]] + sizes[children[step, 1]]
        distances[step] = np.sqrt(squares[edge])
    return children, distances, sizes


@kernel
def condense(
    children: np.ndarray, distances: np.ndarray, sizes: np.ndarray, smallest: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tree of the clusters that have `smallest` points at least, the root is cluster 0.

    Returns
    -------
    last : int array, shape (n,)
        The smallest cluster of each point.
    parents : int array, shape (c,)
        Of each cluster, lower than itself; the root's is -1.
    stability : float array, shape (c,)
        The sum over its points of how far the density rises while they are in it.
    """
    n = len(children) + 1
    cluster, fallen = np.zeros(2 * n - 1, np.int64), np.zeros(2 * n - 1, np.bool_)
    parents, births, stability = np.full(n, -1), np.zeros(n), np.zeros(n)
    count = 1
    for step in range(n - 2, -1, -1):
        node, here = n + step, cluster[n + step]
        density = 1.0 / max(distances[step], SMALLEST_DISTANCE)
        divides = sizes[children[step]].min() >= smallest
        for child in children[step]:
            cluster[child], fallen[child] = here, fallen[node]
            if fallen[node] or (not divides and sizes[child] >= smallest):
                continue
            stability[here] += sizes[child] * (density - births[here])
            if divides:
                parents[count], births[count] = here, density
                cluster[child] = count
                count += 1
            else:
                fallen[child] = True
    return cluster[:n].copy(), parents[:count].copy(), stability[:count].copy()


@kernel
def select_stable(parents: np.ndarray, stability: np.ndarray) -> np.ndarray:
    """The cluster of the most stable selection that holds each cluster, -1 above it, shape (c,).

    The selection holds no cluster beside one that it is in, and never the root alone.
    """
    count = len(parents)
    below, number = np.zeros(count), np.full(count, -1)
    for c in range(count - 1, 0, -1):
        if stability[c] >= below[c]:
            number[c] = c
        below[parents[c]] += max(stability[c], below[c])
    for c in range(1, count):
        if number[parents[c]] >= 0:
            number[c] = number[parents[c]]
    return number


@kernel
def label_sizes(points: np.ndarray, smallest: np.ndarray, neighbours: int) -> np.ndarray:
    """The labels for each smallest cluster size, as from `hdbscan_labels`."""
    labels = np.full((len(smallest), len(points)), -1, np.int16)
    if neighbours >= len(points):
        return labels
    children, distances, sizes = link(points, neighbours)
    for row, size in enumerate(smallest):
        last, parents, stability = condense(children, distances, sizes, size)
        number = select_stable(parents, stability)
        for p in range(len(points)):
            labels[row, p] = number[last[p]]
        renumber(labels[row], np.empty(len(parents), np.int16))
    return labels


def hdbscan_labels(
    points: np.ndarray, min_cluster_sizes: Sequence[int], min_samples: int
) -> np.ndarray:
    """The clusters of `hdbscan.HDBSCAN` for several smallest cluster sizes.

    They are those of its clusters of greatest excess of mass, numbered in the order of their first
    points. Core distances make some distances equal; of these the package may merge others first.

    Parameters
    ----------
    points : float array, shape (n, d)
    min_cluster_sizes : sequence of int
        2 at least.
    min_samples : int
        Neighbours of the core distance, the point itself not counted.

    Returns
    -------
    int16 array, shape (len(min_cluster_sizes), n)
        -1 is an outlier; all are with `min_samples` points or fewer.
    """
    points = np.ascontiguousarray(points, dtype=np.float64)
    return label_sizes(points, np.asarray(min_cluster_sizes, np.int64), min_samples)
