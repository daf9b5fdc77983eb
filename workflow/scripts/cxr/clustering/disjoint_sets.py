"""Disjoint sets as trees: every element has a parent, a root is its own."""

import numpy as np

from cxr.core.numba_cache import kernel


@kernel
def find_root(parent: np.ndarray, element: int) -> int:
    """The root above an element, the path to it halved."""
    while parent[element] != element:
        parent[element] = parent[parent[element]]
        element = parent[element]
    return element
