"""Exact t-SNE of up to some thousand points, compiled, in single precision.

The same affinities, learning rate, gains and momentum as openTSNE's, but the
repulsion is summed over all pairs instead of estimated: at such sizes a dense
loop in vectors is faster than any tree. Two things are done otherwise. The
repulsion is normalised by the kernels' sum of the iteration before, which saves a
pass over the pairs and is the same where the map has settled. And a phase ends
early once it has: no point moves by more than `SETTLED` of the map's spread.

The same affinities and initial positions give the same bytes on every processor.

References
----------
L. van der Maaten, G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
A. C. Belkina et al., "Automated optimized parameters for t-distributed
stochastic neighbor embedding", Nat. Commun. 10, 2019 (the learning rate n / exaggeration).
"""

import numpy as np

from cxr.core.numba_cache import kernel
from cxr.embedding.pair_forces import LANES, add_forces

# Iterations, exaggeration and momentum: openTSNE's defaults, and half as many iterations again
# after the exaggeration, since they cost little here and small perplexities still gain from them.
EXACT_PHASES = ((250, 12.0, 0.8), (750, 1.0, 0.8))
TOLERANCE = 1e-5
MAX_STEP = 5.0
MIN_GAIN = 0.01
# The largest step of an iteration, as a share of the map's spread, at which a map has settled,
# and after how many iterations this is looked at.
SETTLED = 5e-4
CHECKED = 50
# Where points lie that fill up the last vector: so far away that they move none.
FAR, APART = 1e6, 1e4


@kernel
def calibrate(squares: np.ndarray, perplexity: float) -> np.ndarray:
    """Gaussian affinities whose entropy in each row is log(perplexity).

    Parameters
    ----------
    squares : float array, shape (n, k)
        Squared distances to the neighbours, nearest first.
    perplexity : float
        From 1 to k. Where more neighbours than that are equally near, the row
        is uniform over them: no bandwidth gives less.

    Returns
    -------
    float array, shape (n, k)
        Rows sum to 1.
    """
    n, k = squares.shape
    target = np.log(perplexity)
    affinities = np.empty((n, k))
    for i in range(n):
        mean = 0.0
        for j in range(k):
            mean += squares[i, j] - squares[i, 0]
        mean /= k
        # Newton's method on the logarithm of the precision, inside a bracket.
        low, high = -np.inf, np.inf
        position = -np.log(mean) if mean > 0 else 0.0
        for _ in range(200):
            precision = np.exp(position)
            total = first = second = 0.0
            for j in range(k):
                excess = squares[i, j] - squares[i, 0]
                weight = np.exp(-precision * excess)
                affinities[i, j] = weight
                total += weight
                first += weight * excess
                second += weight * excess * excess
            first /= total
            second /= total
            gap = np.log(total) + precision * first - target
            if abs(gap) < TOLERANCE or mean == 0.0:
                break
            if gap > 0:
                low = position
            else:
                high = position
            slope = precision * precision * (second - first * first)
            step = gap / slope if slope > 0 else np.inf
            position += min(max(step, -3.0), 3.0)
            if position <= low or position >= high:
                position = (low + high) / 2
            if high - low < 1e-12 or abs(position) > 700:
                break
        for j in range(k):
            affinities[i, j] /= total
    return affinities


@kernel
def joint_affinities(indices: np.ndarray, squares: np.ndarray, perplexity: float) -> np.ndarray:
    """The symmetric affinities P of all pairs, shape (n, n), which sum to 1.

    Parameters
    ----------
    indices : int array, shape (n, k)
        Neighbours of each point, itself excluded.
    squares : float array, shape (n, k)
        Their squared distances.
    perplexity : float
    """
    n, k = indices.shape
    affinities = calibrate(squares, perplexity)
    joint = np.zeros((n, n))
    for i in range(n):
        for j in range(k):
            half = affinities[i, j] / (2 * n)
            joint[i, indices[i, j]] += half
            joint[indices[i, j], i] += half
    return joint


@kernel
def kernel_scale(x: np.ndarray, y: np.ndarray) -> np.float32:
    """One over the sum of the Student kernels of all ordered pairs of different points."""
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            total += 2.0 / (1.0 + (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2)
    return np.float32(1.0 / total)


@kernel
def divergence(joint: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """The Kullback-Leibler divergence of a map from its affinities, nats."""
    n = len(x)
    total = 0.0
    cross = 0.0
    for i in range(n):
        for j in range(n):
            if i != j:
                square = (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2
                total += 1.0 / (1.0 + square)
                if joint[i, j] > 0:
                    cross += joint[i, j] * (np.log(joint[i, j]) + np.log1p(square))
    return cross + np.log(total)


@kernel
def padded(values: np.ndarray, size: int) -> np.ndarray:
    """A map's coordinates along one axis in single precision, with points far away after them."""
    longer = np.empty(size, np.float32)
    for i in range(size):
        longer[i] = values[i] if i < len(values) else FAR + APART * (i - len(values))
    return longer


@kernel
def step(
    update: np.ndarray, gains: np.ndarray, slope: np.ndarray, momentum: np.float32, rate: np.float32
) -> None:
    """The next step of gradient descent, with gains and momentum, along one axis."""
    for i in range(len(update)):
        if np.sign(update[i]) != np.sign(slope[i]):
            gains[i] += np.float32(0.2)
        else:
            gains[i] = gains[i] * np.float32(0.8) + np.float32(MIN_GAIN)
        update[i] = momentum * update[i] - rate * gains[i] * slope[i]


@kernel
def move(x: np.ndarray, y: np.ndarray, update_x: np.ndarray, update_y: np.ndarray) -> np.float32:
    """Moves the points, at most by `MAX_STEP`; returns the longest step."""
    longest = np.float32(0.0)
    for i in range(len(update_x)):
        length = np.sqrt(update_x[i] * update_x[i] + update_y[i] * update_y[i])
        if length > np.float32(MAX_STEP):
            update_x[i] *= np.float32(MAX_STEP) / length
            update_y[i] *= np.float32(MAX_STEP) / length
            length = np.float32(MAX_STEP)
        longest = max(longest, length)
        x[i] += update_x[i]
        y[i] += update_y[i]
    return longest


@kernel
def centre(values: np.ndarray) -> float:
    """Moves numbers so that their mean is zero; returns their variance."""
    mean = 0.0
    for value in values:
        mean += value
    mean /= len(values)
    variance = 0.0
    for i in range(len(values)):
        values[i] -= np.float32(mean)
        variance += values[i] * values[i]
    return variance / len(values)


@kernel
def optimise(joint: np.ndarray, start: np.ndarray, phases: np.ndarray) -> tuple[np.ndarray, float]:
    """A map of the affinities.

    Parameters
    ----------
    joint : float array, shape (n, n)
        Symmetric.
    start : float array, shape (n, 2)
    phases : float array, shape (p, 3)
        Iterations, exaggeration and momentum of each phase.

    Returns
    -------
    embedding : float array, shape (n, 2)
    kl_divergence : float
    """
    n = len(joint)
    size = (n + LANES - 1) // LANES * LANES
    x, y = padded(start[:, 0], size), padded(start[:, 1], size)
    update_x, update_y = np.zeros(n, np.float32), np.zeros(n, np.float32)
    gains_x, gains_y = np.ones(n, np.float32), np.ones(n, np.float32)
    slope_x, slope_y = np.empty(size, np.float32), np.empty(size, np.float32)
    pull = np.zeros((size, size), np.float32)
    scale = kernel_scale(x[:n], y[:n])
    for iterations, exaggeration, momentum in phases:
        for i in range(n):
            for j in range(n):
                pull[i, j] = exaggeration * joint[i, j]
        rate, momentum32 = np.float32(n / exaggeration), np.float32(momentum)
        for iteration in range(1, int(iterations) + 1):
            slope_x[:] = 0
            slope_y[:] = 0
            kernels = add_forces(pull, x, y, scale, slope_x, slope_y)
            scale = np.float32(1.0) / (kernels - np.float32(size))
            step(update_x, gains_x, slope_x, momentum32, rate)
            step(update_y, gains_y, slope_y, momentum32, rate)
            longest = move(x, y, update_x, update_y)
            if iteration % CHECKED == 0 or iteration == iterations:
                spread = np.sqrt(centre(x[:n]) + centre(y[:n]))
                if longest < SETTLED * spread:
                    break
    embedding = np.empty((n, 2))
    embedding[:, 0], embedding[:, 1] = x[:n], y[:n]
    return embedding, divergence(joint, embedding[:, 0].copy(), embedding[:, 1].copy())
