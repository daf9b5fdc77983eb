"""The neighbours of every point within one radius, no more of them than are asked for.

Two points in a box whose diagonal is at most the radius are neighbours. The
largest such nodes of a k-d tree are taken whole, as cells, and nobody counts
the neighbours of a point in a cell that holds enough.

A bound on the distance to a box is computed with the same operations in the
same order as a distance, and rounding is monotone, so that bounds and
distances never contradict each other.
"""

from typing import NamedTuple

import numpy as np

from cxr.clustering.kdtree import Tree
from cxr.core.numba_cache import kernel

# Nodes that wait while a tree is walked; far more than the depth of any.
STACK = 256


class RadiusNeighbours(NamedTuple):
    """What lies within one radius of each point.

    Attributes
    ----------
    cell : int array, shape (n,)
        Points of a cell are neighbours of one another.
    degree : int array, shape (n,)
        Neighbours, the point itself counted, at most `cap`.
    begin : int array, shape (n,)
        A point below the cap has its neighbours in `listed`, `degree` from here.
    listed : int array
    cap : int
    """

    cell: np.ndarray
    degree: np.ndarray
    begin: np.ndarray
    listed: np.ndarray
    cap: int


@kernel
def are_close(points: np.ndarray, p: int, q: int, square: float) -> bool:
    """Is the squared distance at most `square`?"""
    total = 0.0
    for axis in range(points.shape[1]):
        step = points[p, axis] - points[q, axis]
        total += step * step
    return total <= square


@kernel
def with_room(array: np.ndarray, length: int) -> np.ndarray:
    """The array, or a longer copy of it when it is shorter than `length`."""
    if length <= len(array):
        return array
    longer = np.empty(2 * length, array.dtype)
    for k in range(len(array)):
        longer[k] = array[k]
    return longer


@kernel
def find_cells(tree: Tree, square: float) -> tuple[np.ndarray, np.ndarray, int]:
    """The cell of each node (-1 above the cells), that of each point, and how many there are."""
    node_cell = np.full(len(tree.start), -1, np.int32)
    cell = np.empty(len(tree.order), np.int32)
    found = 0
    for node in range(len(tree.start)):
        start, end = tree.start[node], tree.end[node]
        if node > 0 and node_cell[(node - 1) // 2] >= 0:
            node_cell[node] = node_cell[(node - 1) // 2]
            continue
        diagonal = 0.0
        for axis in range(tree.points.shape[1]):
            side = tree.high[node, axis] - tree.low[node, axis]
            diagonal += side * side
        if diagonal <= square:
            node_cell[node] = found
            for p in range(start, end):
                cell[p] = found
            found += 1
        elif tree.leaf[node]:
            for p in range(start, end):
                cell[p] = found
                found += 1
    return node_cell, cell, found


@kernel
def gather(
    tree: Tree,
    node: int,
    p: int,
    square: float,
    buffer: np.ndarray,
    found: int,
    stack: np.ndarray,
) -> int:
    """Adds the neighbours of p below a node to the `found` in the buffer, until it is full."""
    stack[0] = node
    depth = 1
    while depth > 0 and found < len(buffer):
        depth -= 1
        node = stack[depth]
        least = 0.0
        most = 0.0
        for axis in range(tree.points.shape[1]):
            below = tree.low[node, axis] - tree.points[p, axis]
            above = tree.points[p, axis] - tree.high[node, axis]
            step = max(below, above, 0.0)
            least += step * step
            step = max(-below, -above)
            most += step * step
        if least > square:
            continue
        if most > square and not tree.leaf[node]:
            stack[depth] = 2 * node + 1
            stack[depth + 1] = 2 * node + 2
            depth += 2
            continue
        for q in range(tree.start[node], tree.end[node]):
            if most <= square or are_close(tree.points, p, q, square):
                buffer[found] = q
                found += 1
                if found == len(buffer):
                    break
    return found


@kernel
def find_neighbours(
    tree: Tree, node_cell: np.ndarray, cell: np.ndarray, square: float, cap: int
) -> RadiusNeighbours:
    """Counts the neighbours of each point, upwards from its own cell."""
    n = len(tree.order)
    degree = np.full(n, cap, np.int32)
    begin = np.zeros(n, np.int64)
    listed = np.empty(n, np.int32)
    buffer = np.empty(cap, np.int32)
    stack = np.empty(STACK, np.int32)
    used = 0
    for home in range(len(tree.start)):
        own = node_cell[home]
        if own < 0:
            skip = not tree.leaf[home]
        else:
            above = home > 0 and node_cell[(home - 1) // 2] == own
            skip = above or tree.end[home] - tree.start[home] >= cap
        if skip:
            continue
        for p in range(tree.start[home], tree.end[home]):
            node = home
            found = gather(tree, node, p, square, buffer, 0, stack)
            while node > 0 and found < cap:
                sibling = node + 1 if node % 2 == 1 else node - 1
                found = gather(tree, sibling, p, square, buffer, found, stack)
                node = (node - 1) // 2
            if found < cap:
                listed = with_room(listed, used + found)
                degree[p] = found
                begin[p] = used
                for k in range(found):
                    listed[used + k] = buffer[k]
                used += found
    return RadiusNeighbours(cell, degree, begin, listed, cap)
