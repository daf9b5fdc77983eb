"""The neighbours of every point within one radius, up to a cap.

Two points in a box whose diagonal is at most the radius are neighbours. The
largest such nodes of a k-d tree are cells; a point in a cell of at least as many
points as the cap needs no count.

A bound on the distance to a box is computed with the same operations in the
same order as a distance, and rounding is monotone, so that bounds and
distances never contradict each other.
"""

from typing import NamedTuple

import numpy as np

from cxr.clustering.kdtree import Tree, axis_distances
from cxr.core.numba_cache import kernel

# Nodes that wait while a tree is walked; far more than the depth of any.
STACK = 256


class RadiusNeighbours(NamedTuple):
    """The neighbours of each point within one radius.

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
    """Whether the squared distance is at most `square`."""
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
    n_cells = 0
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
            node_cell[node] = n_cells
            for p in range(start, end):
                cell[p] = n_cells
            n_cells += 1
        elif tree.leaf[node]:
            for p in range(start, end):
                cell[p] = n_cells
                n_cells += 1
    return node_cell, cell, n_cells


@kernel
def gather(
    tree: Tree,
    node: int,
    p: int,
    square: float,
    buffer: np.ndarray,
    count: int,
    stack: np.ndarray,
) -> int:
    """Adds the neighbours of p below a node to the `count` in the buffer, until it is full."""
    stack[0] = node
    depth = 1
    while depth > 0 and count < len(buffer):
        depth -= 1
        node = stack[depth]
        least = 0.0
        most = 0.0
        for axis in range(tree.points.shape[1]):
            place = tree.points[p, axis]
            near, far = axis_distances(tree.low[node, axis], tree.high[node, axis], place, place)
            least += near * near
            most += far * far
        if least > square:
            continue
        if most > square and not tree.leaf[node]:
            stack[depth] = 2 * node + 1
            stack[depth + 1] = 2 * node + 2
            depth += 2
            continue
        for q in range(tree.start[node], tree.end[node]):
            if most <= square or are_close(tree.points, p, q, square):
                buffer[count] = q
                count += 1
                if count == len(buffer):
                    break
    return count


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
        home_cell = node_cell[home]
        if home_cell < 0:
            skip = not tree.leaf[home]
        else:
            above = home > 0 and node_cell[(home - 1) // 2] == home_cell
            skip = above or tree.end[home] - tree.start[home] >= cap
        if skip:
            continue
        for p in range(tree.start[home], tree.end[home]):
            node = home
            count = gather(tree, node, p, square, buffer, 0, stack)
            while node > 0 and count < cap:
                sibling = node + 1 if node % 2 == 1 else node - 1
                count = gather(tree, sibling, p, square, buffer, count, stack)
                node = (node - 1) // 2
            if count < cap:
                listed = with_room(listed, used + count)
                degree[p] = count
                begin[p] = used
                for k in range(count):
                    listed[used + k] = buffer[k]
                used += count
    return RadiusNeighbours(cell, degree, begin, listed, cap)
