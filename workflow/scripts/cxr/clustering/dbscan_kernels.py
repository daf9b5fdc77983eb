"""The kernels of an exact DBSCAN for many radii and many min_samples at once.

Three facts make it fast, and exact:

- Points in a box whose diagonal is at most the radius are neighbours of one
  another: a cell (`cxr.clustering.radius_search`).
- At a given radius, points only become core points as min_samples falls. One
  count, capped at the largest min_samples, and one union-find over the cells
  serve every min_samples, from the largest down.
- A point below the cap has few neighbours. They are listed, and through them
  it joins the core points, or is attached to a cluster, at the min_samples that decides it.

Memory is bounded by n times the largest min_samples, however many neighbours
there are within the radius.
"""

from typing import NamedTuple

import numpy as np

from cxr.clustering.disjoint_sets import find_root
from cxr.clustering.kdtree import Tree, axis_distances
from cxr.clustering.radius_search import (
    STACK,
    RadiusNeighbours,
    are_close,
    find_cells,
    find_neighbours,
    with_room,
)
from cxr.core.numba_cache import kernel


class Clusters(NamedTuple):
    """Cells joined through core points, as a union-find.

    Attributes
    ----------
    parent : int array, shape (n_cells,)
    size : int array, shape (n_cells,)
        Core points below a root.
    first : int array, shape (n_cells,)
        The lowest index of a core point below a root; scikit-learn numbers the
        clusters by it.
    """

    parent: np.ndarray
    size: np.ndarray
    first: np.ndarray


@kernel
def merge(clusters: Clusters, a: int, b: int) -> None:
    """Makes one cluster of those of two cells."""
    a, b = find_root(clusters.parent, a), find_root(clusters.parent, b)
    if a != b:
        if clusters.size[a] < clusters.size[b]:
            a, b = b, a
        clusters.parent[b] = a
        clusters.size[a] += clusters.size[b]
        clusters.first[a] = min(clusters.first[a], clusters.first[b])


@kernel
def add_core_point(clusters: Clusters, cell: int, index: int) -> None:
    """Counts a core point, by its original index, in its cell."""
    root = find_root(clusters.parent, cell)
    clusters.size[root] += 1
    clusters.first[root] = min(clusters.first[root], index)


@kernel
def join(  # noqa: PLR0912 - one loop, for speed
    tree: Tree,
    near: RadiusNeighbours,
    clusters: Clusters,
    full_cell: np.ndarray,
    connected: np.ndarray,
    pairs: np.ndarray,
    square: float,
) -> None:
    """Merges the clusters of two nodes, `pairs[0]`, where full points of theirs are neighbours.

    A point is full when it has `near.cap` neighbours. `full_cell` is a cell with a
    full point below each node, or -1; `connected` says that all full points below
    it are already in one cluster.
    """
    depth = 1
    while depth > 0:
        depth -= 1
        a, b = pairs[depth, 0], pairs[depth, 1]
        both_connected = connected[a] and connected[b]
        if full_cell[a] < 0 or full_cell[b] < 0:
            continue
        if both_connected and find_root(clusters.parent, full_cell[a]) == find_root(
            clusters.parent, full_cell[b]
        ):
            continue
        least = 0.0
        most = 0.0
        side_a = 0.0
        side_b = 0.0
        for axis in range(tree.points.shape[1]):
            low_a, high_a = tree.low[a, axis], tree.high[a, axis]
            low_b, high_b = tree.low[b, axis], tree.high[b, axis]
            nearest, farthest = axis_distances(low_a, high_a, low_b, high_b)
            least += nearest * nearest
            most += farthest * farthest
            side_a = max(side_a, high_a - low_a)
            side_b = max(side_b, high_b - low_b)
        if least > square:
            continue
        if both_connected and most <= square:
            merge(clusters, full_cell[a], full_cell[b])
        elif tree.leaf[a] and tree.leaf[b]:
            for p in range(tree.start[a], tree.end[a]):
                if near.degree[p] == near.cap:
                    for q in range(tree.start[b], tree.end[b]):
                        if near.degree[q] == near.cap and are_close(tree.points, p, q, square):
                            merge(clusters, near.cell[p], near.cell[q])
        elif tree.leaf[b] or (side_a >= side_b and not tree.leaf[a]):
            pairs[depth, 0], pairs[depth, 1] = 2 * a + 1, b
            pairs[depth + 1, 0], pairs[depth + 1, 1] = 2 * a + 2, b
            depth += 2
        else:
            pairs[depth, 0], pairs[depth, 1] = a, 2 * b + 1
            pairs[depth + 1, 0], pairs[depth + 1, 1] = a, 2 * b + 2
            depth += 2


@kernel
def join_full_points(
    tree: Tree, node_cell: np.ndarray, near: RadiusNeighbours, n_cells: int, square: float
) -> Clusters:
    """The clusters at min_samples = cap, built from the leaves up."""
    clusters = Clusters(
        np.arange(n_cells).astype(np.int32),
        np.zeros(n_cells, np.int32),
        np.full(n_cells, len(tree.order), np.int32),
    )
    for p in range(len(tree.order)):
        if near.degree[p] == near.cap:
            add_core_point(clusters, near.cell[p], tree.order[p])
    full_cell = np.full(len(tree.start), -1, np.int32)
    connected = np.ones(len(tree.start), np.bool_)
    pairs = np.empty((STACK, 2), np.int32)
    for node in range(len(tree.start) - 1, -1, -1):
        if tree.leaf[node]:
            for p in range(tree.start[node], tree.end[node]):
                if near.degree[p] == near.cap:
                    for q in range(tree.start[node], p):
                        if near.degree[q] == near.cap and are_close(tree.points, p, q, square):
                            merge(clusters, near.cell[p], near.cell[q])
                    full_cell[node] = near.cell[p]
            for p in range(tree.start[node], tree.end[node]):
                if near.degree[p] == near.cap:
                    root = find_root(clusters.parent, near.cell[p])
                    connected[node] &= root == find_root(clusters.parent, full_cell[node])
            continue
        left, right = 2 * node + 1, 2 * node + 2
        full_cell[node] = max(full_cell[left], full_cell[right])
        if node_cell[node] < 0:
            pairs[0, 0], pairs[0, 1] = left, right
            join(tree, near, clusters, full_cell, connected, pairs, square)
            connected[node] = connected[left] and connected[right]
            if full_cell[left] >= 0 and full_cell[right] >= 0:
                root = find_root(clusters.parent, full_cell[left])
                connected[node] &= root == find_root(clusters.parent, full_cell[right])
    return clusters


@kernel
def solve(tree: Tree, radius: float, cap: int) -> tuple[RadiusNeighbours, Clusters]:
    """Neighbours within a radius, and the clusters at min_samples = cap."""
    square = radius * radius
    node_cell, cell, n_cells = find_cells(tree, square)
    near = find_neighbours(tree, node_cell, cell, square, cap)
    return near, join_full_points(tree, node_cell, near, n_cells, square)


@kernel
def lower(tree: Tree, near: RadiusNeighbours, clusters: Clusters, min_samples: int) -> None:
    """Makes core points of those that have exactly `min_samples` neighbours."""
    for p in range(len(near.degree)):
        if near.degree[p] == min_samples:
            add_core_point(clusters, near.cell[p], tree.order[p])
    for p in range(len(near.degree)):
        if near.degree[p] == min_samples:
            for k in range(near.begin[p], near.begin[p] + near.degree[p]):
                q = near.listed[k]
                if near.degree[q] >= min_samples:
                    merge(clusters, near.cell[p], near.cell[q])


@kernel
def attach(near: RadiusNeighbours, clusters: Clusters, p: int, min_samples: int) -> int:
    """The root of the cluster that a point below min_samples borders on, -1 for an outlier.

    Of several it is the one with the lowest label, as in scikit-learn.
    """
    best = -1
    for k in range(near.begin[p], near.begin[p] + near.degree[p]):
        q = near.listed[k]
        if near.degree[q] >= min_samples:
            root = find_root(clusters.parent, near.cell[q])
            if best < 0 or clusters.first[root] < clusters.first[best]:
                best = root
    return best


@kernel
def find_roots(clusters: Clusters) -> np.ndarray:
    """The roots of the clusters in the order of their labels."""
    # A cell and the lowest index of its core points as one number: sorting needs no second array.
    keys = np.empty(len(clusters.parent), np.int64)
    n_roots = 0
    for cell in range(len(keys)):
        if clusters.parent[cell] == cell and clusters.size[cell] > 0:
            keys[n_roots] = (np.int64(clusters.first[cell]) << 32) | cell
            n_roots += 1
    roots = keys[:n_roots]
    roots.sort()
    for k in range(n_roots):
        roots[k] &= 0xFFFFFFFF
    return roots


@kernel
def count_clusters(
    tree: Tree, radii: np.ndarray, min_samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clusters, outliers and sizes of every cell of the grid.

    Parameters
    ----------
    tree : Tree
    radii : float array, shape (r,)
    min_samples : int array, shape (m,)
        Falling, without repeats.

    Returns
    -------
    n_clusters, n_outliers : int array, shape (r, m)
    sizes : int array, shape (n_clusters.sum(),)
        Of the clusters of each cell in the order of the labels.
    """
    n = len(tree.order)
    cap = min_samples[0]
    n_clusters = np.zeros((len(radii), len(min_samples)), np.int32)
    n_outliers = np.zeros((len(radii), len(min_samples)), np.int32)
    sizes = np.empty(1024, np.int32)
    used = 0
    for row, radius in enumerate(radii):
        near, clusters = solve(tree, radius, cap)
        border = np.zeros(len(clusters.parent), np.int32)
        level = cap
        for column, needed in enumerate(min_samples):
            while level > needed:
                level -= 1
                lower(tree, near, clusters, level)
            for p in range(n):
                if near.degree[p] < needed:
                    root = attach(near, clusters, p, needed)
                    if root < 0:
                        n_outliers[row, column] += 1
                    else:
                        border[root] += 1
            roots = find_roots(clusters)
            n_clusters[row, column] = len(roots)
            sizes = with_room(sizes, used + len(roots))
            for root in roots:
                sizes[used] = clusters.size[root] + border[root]
                border[root] = 0
                used += 1
    return n_clusters, n_outliers, sizes[:used]


@kernel
def write_labels(
    tree: Tree,
    near: RadiusNeighbours,
    clusters: Clusters,
    roots: np.ndarray,
    min_samples: int,
    labels: np.ndarray,
) -> None:
    """Writes the label of each point, in the original order; `roots` are the clusters in order."""
    label = np.full(len(clusters.parent), -1, np.int64)
    for k in range(len(roots)):
        label[roots[k]] = k
    for p in range(len(tree.order)):
        if near.degree[p] >= min_samples:
            root = find_root(clusters.parent, near.cell[p])
        else:
            root = attach(near, clusters, p, min_samples)
        labels[tree.order[p]] = label[root] if root >= 0 else -1


@kernel
def label_tree(tree: Tree, radius: float, min_samples: int) -> np.ndarray:
    """The label of each point, in the original order, of one cell of the grid."""
    near, clusters = solve(tree, radius, min_samples)
    labels = np.empty(len(tree.order), np.int64)
    write_labels(tree, near, clusters, find_roots(clusters), min_samples, labels)
    return labels
