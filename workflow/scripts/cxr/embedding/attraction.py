"""Attraction between neighbours in large maps, each pair once, for openTSNE's descent.

openTSNE computes it for both points of a pair, which takes most of a large map's time
(tests/benchmarks/maps.py). Repulsion and divergence stay openTSNE's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from cxr.core.numba_cache import kernel

# As openTSNE's `kl_divergence_fft`: divergence and slope of an embedding, from its affinities.
Objective = Callable[..., tuple[float, np.ndarray]]


def with_pairs_once(objective: Objective, affinities: csr_matrix) -> Objective:
    """An objective of openTSNE whose attraction is computed here.

    Parameters
    ----------
    objective : callable
        One of openTSNE's.
    affinities : csr_matrix, shape (n, n)
        Symmetric, with sorted indices. Those that the returned objective is given may be a
        multiple of them.
    """
    nothing = csr_matrix(affinities.shape)
    starts, ends = _above_diagonal(affinities), affinities.indptr[1:]

    def evaluate(
        embedding: np.ndarray,
        P: csr_matrix,  # noqa: N803 - openTSNE's name
        *,
        should_eval_error: bool,
        **options: Any,
    ) -> tuple[float, np.ndarray]:
        if should_eval_error:
            return objective(embedding, P, should_eval_error=True, **options)
        divergence, slope = objective(embedding, nothing, should_eval_error=False, **options)
        attract(P.indices, starts, ends, P.data, np.asarray(embedding), slope)
        return divergence, slope

    return evaluate


def _above_diagonal(matrix: csr_matrix) -> np.ndarray:
    """Where in each row the entries of later columns begin, shape (n,)."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    before = np.bincount(rows[matrix.indices <= rows], minlength=matrix.shape[0])
    return (matrix.indptr[:-1] + before).astype(matrix.indptr.dtype)


@kernel
def attract(
    indices: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    affinities: np.ndarray,
    points: np.ndarray,
    slope: np.ndarray,
) -> None:
    """Adds the attraction of all pairs to the slope of the divergence, without its factor of 4.

    Parameters
    ----------
    indices, affinities : int and float64 array, shape (m,)
        Column and affinity of each entry of a sparse matrix.
    starts, ends : int array, shape (n,)
        Of a row's entries; each pair is in one of its two rows.
    points, slope : float64 array, shape (n, 2)
        The slope is changed in place.

    References
    ----------
    L. van der Maaten, "Accelerating t-SNE using tree-based algorithms", J. Mach. Learn. Res. 15,
    2014, equation 8.
    """
    for i in range(len(starts)):
        x, y = points[i, 0], points[i, 1]
        along_x, along_y = 0.0, 0.0
        for entry in range(starts[i], ends[i]):
            j = indices[entry]
            step_x, step_y = x - points[j, 0], y - points[j, 1]
            pull = affinities[entry] / (1.0 + step_x * step_x + step_y * step_y)
            step_x *= pull
            step_y *= pull
            along_x += step_x
            along_y += step_y
            slope[j, 0] -= step_x
            slope[j, 1] -= step_y
        slope[i, 0] += along_x
        slope[i, 1] += along_y
