"""The density-based validity (DBCV) of many clusterings of one map."""

import numpy as np

from cxr.core.numba_cache import kernel


@kernel
def _core_distances(distances: np.ndarray, members: np.ndarray, dimension: int) -> np.ndarray:
    """Each member's all-points core distance within its cluster, shape (m,)."""
    count = len(members)
    core = np.zeros(count)
    if count < 2:
        return core
    for i in range(count):
        for j in range(count):
            distance = distances[members[i], members[j]]
            if distance > 0:
                core[i] += (1.0 / distance) ** dimension
    core /= count - 1
    if core.sum() == 0:
        return np.zeros(count)
    for i in range(count):
        core[i] = core[i] ** (-1.0 / dimension) if core[i] > 0 else np.inf
    return core


@kernel
def _spanning_tree(
    distances: np.ndarray, members: np.ndarray, core: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prim's minimum spanning tree of mutual reachability: parents, children, weights.

    Of several equally near parents the first one counts, as in `hdbscan`.
    """
    count = len(members)
    parents = np.zeros(count - 1, np.int64)
    children = np.zeros(count - 1, np.int64)
    weights = np.zeros(count - 1)
    best = np.full(count, np.inf)
    inside = np.zeros(count, np.bool_)
    current = 0
    for step in range(count - 1):
        inside[current] = True
        nearest = -1
        for j in range(count):
            if inside[j]:
                continue
            reach = max(distances[members[current], members[j]], core[current], core[j])
            best[j] = min(best[j], reach)
            if nearest < 0 or best[j] < best[nearest]:
                nearest = j
        weight = best[nearest]
        for i in range(count):
            reach = max(distances[members[i], members[nearest]], core[i], core[nearest])
            if inside[i] and abs(reach - weight) <= 1e-8 + 1e-5 * abs(weight):
                parents[step] = i
                break
        children[step] = nearest
        weights[step] = weight
        current = nearest
    return parents, children, weights


@kernel
def _inner(
    parents: np.ndarray, children: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, float]:
    """A tree's nodes with two edges or more, and its longest edge between two of them."""
    degree = np.zeros(len(parents) + 1, np.int64)
    for edge in range(len(parents)):
        degree[parents[edge]] += 1
        degree[children[edge]] += 1
    inner = degree > 1
    if not inner.any():
        inner[0] = True
    longest = -1.0
    for edge in range(len(parents)):
        if inner[parents[edge]] and inner[children[edge]]:
            longest = max(longest, weights[edge])
    return inner, longest if longest >= 0 else weights.max()


@kernel
def density_validity(distances: np.ndarray, labels: np.ndarray, dimension: int) -> float:
    """The density-based cluster validity (DBCV) of one clustering, -1 to 1; higher is better.

    The same number as `hdbscan.validity.validity_index`, some hundred times
    faster on small maps, so that it is feasible for every cell of a grid. Values of
    different dimensions are not comparable.

    Parameters
    ----------
    distances : float array, shape (n, n)
        Euclidean, of all points.
    labels : int array, shape (n,)
        Clusters 0, 1, ...; -1 for an outlier.
    dimension : int
        Of the points.

    Returns
    -------
    float
        NaN with fewer than two clusters. A cluster of one point counts as 0.

    References
    ----------
    D. Moulavi et al., "Density-based clustering validation", SDM 2014.
    """
    n, k = len(labels), labels.max() + 1
    if k < 2:
        return np.nan
    core = np.zeros(n)
    inner = np.zeros(n, np.bool_)
    sparseness = np.zeros(k)
    for cluster in range(k):
        members = np.flatnonzero(labels == cluster)
        member_core = _core_distances(distances, members, dimension)
        core[members] = member_core
        if len(members) < 2:
            inner[members] = True
            continue
        nodes, sparseness[cluster] = _inner(*_spanning_tree(distances, members, member_core))
        inner[members] = nodes
    separation = np.full(k, np.inf)
    for i in range(n):
        for j in range(i + 1, n):
            if labels[i] == labels[j] or not (inner[i] and inner[j]):
                continue
            if labels[i] < 0 or labels[j] < 0:
                continue
            reach = max(distances[i, j], core[i], core[j])
            separation[labels[i]] = min(separation[labels[i]], reach)
            separation[labels[j]] = min(separation[labels[j]], reach)
    total = 0.0
    for cluster in range(k):
        size = np.sum(labels == cluster)
        larger = max(separation[cluster], sparseness[cluster])
        if size > 1 and larger > 0:
            total += size / n * (separation[cluster] - sparseness[cluster]) / larger
    return total


@kernel
def plane_validities(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The DBCV of several clusterings of points in the plane; in one call, for threads beside it.

    Parameters
    ----------
    points : float array, shape (n, 2)
    labels : int64 array, shape (l, n)

    Returns
    -------
    float array, shape (l,)
    """
    n = len(points)
    distances = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            x, y = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1]
            distances[i, j] = np.sqrt(x * x + y * y)
    scores = np.empty(len(labels))
    for number in range(len(labels)):
        scores[number] = density_validity(distances, labels[number], 2)
    return scores


def map_validities(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The DBCV of several clusterings of one map, NaN where it is undefined.

    Parameters
    ----------
    points : float array, shape (n, 2)
    labels : int array, shape (l, n)

    Returns
    -------
    float array, shape (l,)
    """
    return plane_validities(
        np.ascontiguousarray(points, np.float64), np.ascontiguousarray(labels, np.int64)
    )
