"""The labels of every DBSCAN cell of a small map, from one graph for all radii and min_samples.

Core points are in one cluster where a path of core points joins them whose steps are at most
the radius. For all min_samples up to k the same few pairs suffice as steps: those of each
point with its k nearest, and those of the minimum spanning tree of the mutual reachability
distance at k. For a step (a, b) that is neither is at least as long as the core distances of
both at k; so a path of the tree joins a and b with steps that are no longer, through points
that are core points at that radius, for k and for every lower min_samples.

Time grows with n². From some hundred points on `cxr.clustering.dbscan_kernels` is faster.

References
----------
A. Neto, M. Naldi, R. Campello, J. Sander, "CORE-SG: Efficient computation of multiple MSTs for
density-based methods", ICDE 2022.
"""

import numpy as np

from cxr.clustering.disjoint_sets import find_root
from cxr.clustering.distinct import keep_once, with_free_row
from cxr.core.numba_cache import kernel


@kernel
def squared_distance(points: np.ndarray, p: int, q: int) -> float:
    """Summed in the order of the axes, as in `cxr.clustering.radius_search`."""
    total = 0.0
    for axis in range(points.shape[1]):
        step = points[p, axis] - points[q, axis]
        total += step * step
    return total


@kernel
def find_nearest(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest points of each, itself counted, and their squared distances, rising."""
    n = len(points)
    nearest, squares = np.empty((n, k), np.int32), np.full((n, k), np.inf)
    order = np.argsort(points[:, 0])
    along = points[order, 0]
    for i in range(n):
        p, row, places = order[i], squares[order[i]], nearest[order[i]]
        # From the point outwards along the first axis, until that alone is too far.
        below, above = i, i + 1
        while below >= 0 or above < n:
            if above == n or (below >= 0 and along[i] - along[below] <= along[above] - along[i]):
                step, q = along[i] - along[below], order[below]
                below -= 1
            else:
                step, q = along[above] - along[i], order[above]
                above += 1
            if step * step > row[k - 1]:
                break
            square = squared_distance(points, p, q)
            if square < row[k - 1]:
                at = k - 1
                while at > 0 and row[at - 1] > square:
                    row[at], places[at] = row[at - 1], places[at - 1]
                    at -= 1
                row[at], places[at] = square, q
    return nearest, squares


@kernel
def span(points: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Prim's minimum spanning tree of the mutual reachability distance: pairs, shape (n - 1, 2).

    `core` holds the squared core distances.
    """
    n = len(points)
    pairs = np.empty((n - 1, 2), np.int32)
    reach, parent = np.full(n, np.inf), np.zeros(n, np.int32)
    outside = np.arange(1, n).astype(np.int32)
    current = 0
    for step in range(n - 1):
        best = 0
        for place in range(n - 1 - step):
            q = outside[place]
            square = max(squared_distance(points, current, q), core[current], core[q])
            if square < reach[q]:
                reach[q], parent[q] = square, current
            if reach[q] < reach[outside[best]]:
                best = place
        current = outside[best]
        pairs[step, 0], pairs[step, 1] = parent[current], current
        outside[best] = outside[n - 2 - step]
    return pairs


@kernel
def gather_pairs(
    points: np.ndarray, nearest: np.ndarray, squares: np.ndarray, radius_squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that suffice as steps, and the place of the first radius that each is within.

    Returns
    -------
    pairs : int array, shape (e, 2)
    places : int array, shape (e,)
    """
    n, k = nearest.shape
    pairs, places = np.empty((n * k + n, 2), np.int32), np.empty(n * k + n, np.int32)
    count = 0
    for p in range(n):
        for j in range(k):
            q, square = nearest[p, j], squares[p, j]
            # A pair that is also among the nearest of the other point counts once.
            if square <= radius_squares[-1] and (p < q or square >= squares[q, k - 1]):
                pairs[count, 0], pairs[count, 1] = p, q
                places[count] = np.searchsorted(radius_squares, square)
                count += 1
    for p, q in span(points, squares[:, k - 1].copy()):
        square = squared_distance(points, p, q)
        if square <= radius_squares[-1]:
            pairs[count, 0], pairs[count, 1] = p, q
            places[count] = np.searchsorted(radius_squares, square)
            count += 1
    return pairs[:count], places[:count]


@kernel
def join(parent: np.ndarray, p: int, q: int) -> bool:
    """Makes one cluster of those of two points, below the lower root; whether they were two."""
    p, q = find_root(parent, p), find_root(parent, q)
    parent[max(p, q)] = min(p, q)
    return p != q


@kernel
def write_labels(
    parent: np.ndarray,
    core_place: np.ndarray,
    near_place: np.ndarray,
    nearest: np.ndarray,
    row: int,
    labels: np.ndarray,
) -> None:
    """Writes the label of each point at the radius of a row, numbered as by scikit-learn.

    `core_place` and `near_place` hold the places of the first radii at which each point is a
    core point, and its nearest points are its neighbours.
    """
    count = 0
    for p in range(len(parent)):
        labels[p] = -1
        if core_place[p] <= row:
            root = find_root(parent, p)
            # A root is the first core point of its cluster.
            labels[p] = count if root == p else labels[root]
            count += root == p
    for p in range(len(parent)):
        if core_place[p] > row:
            # Fewer than min_samples neighbours, so that all are among the nearest.
            for j in range(nearest.shape[1]):
                if near_place[p, j] > row:
                    break
                q = nearest[p, j]
                if core_place[q] <= row and (labels[p] < 0 or labels[q] < labels[p]):
                    labels[p] = labels[q]


@kernel
def label_small_map(
    points: np.ndarray, radii: np.ndarray, min_samples: np.ndarray, fewest: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct labels of the cells of a grid with so many clusters.

    Parameters
    ----------
    points : float array, shape (n, d)
    radii : float array, shape (r,)
        Rising.
    min_samples : int array, shape (m,)
    fewest, most : int

    Returns
    -------
    labels : int16 array, shape (l, n)
    cells : int array, shape (r, m)
        As in `cxr.clustering.labellings.Labellings`.
    """
    n, k = len(points), min(len(points), min_samples.max())
    nearest, squares = find_nearest(points, k)
    pairs, places = gather_pairs(points, nearest, squares, radii * radii)
    near_place = np.searchsorted(radii * radii, squares.ravel()).reshape(n, k)
    labels, number = np.empty((16, n), np.int16), np.empty(most, np.int16)
    digests = np.empty(len(radii) * len(min_samples), np.uint64)
    cells = np.full((len(radii), len(min_samples)), -1, np.int64)
    one, other = pairs[:, 0].copy(), pairs[:, 1].copy()
    never = np.full(n, len(radii))
    entry, by_entry = np.empty(len(pairs), np.int32), np.empty(len(pairs), np.int32)
    found = 0
    for column, needed in enumerate(min_samples):
        core_place = near_place[:, needed - 1].copy() if needed <= k else never
        # Pairs in the order of the first radius at which both are core points, and neighbours.
        start = np.zeros(len(radii) + 2, np.int32)
        new_cores = np.zeros(len(radii) + 1, np.int32)
        for pair in range(len(pairs)):
            entry[pair] = max(places[pair], core_place[one[pair]], core_place[other[pair]])
            start[entry[pair] + 1] += 1
        for p in range(n):
            new_cores[core_place[p]] += 1
        for row in range(len(radii) + 1):
            start[row + 1] += start[row]
        free = start.copy()
        for pair in range(len(pairs)):
            by_entry[free[entry[pair]]] = pair
            free[entry[pair]] += 1
        parent = np.arange(n).astype(np.int32)
        cores = joins = 0
        for row in range(len(radii)):
            cores += new_cores[row]
            for place in range(start[row], start[row + 1]):
                if joins == n - 1:
                    break
                joins += join(parent, one[by_entry[place]], other[by_entry[place]])
            if not fewest <= cores - joins <= most:
                continue
            labels = with_free_row(labels, found)
            write_labels(parent, core_place, near_place, nearest, row, labels[found])
            cells[row, column] = keep_once(labels, digests, number, found)
            found = max(found, cells[row, column] + 1)
    return labels[:found], cells
