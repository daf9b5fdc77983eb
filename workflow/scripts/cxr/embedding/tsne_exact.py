"""Exact t-SNE of up to some thousand points, compiled.

The same affinities, learning rate, gains and momentum as openTSNE's, but the
repulsion is summed over all pairs instead of estimated: at such sizes a dense
loop that the processor vectorises is faster than any tree.

References
----------
L. van der Maaten, G. Hinton, "Visualizing data using t-SNE", JMLR 9, 2008.
A. C. Belkina et al., "Automated optimized parameters for t-distributed
stochastic neighbor embedding", Nat. Commun. 10, 2019 (the learning rate n / exaggeration).
"""

import numpy as np

from cxr.core.numba_cache import kernel, vector_kernel

# Iterations, exaggeration and momentum: openTSNE's defaults, and half as many iterations again
# after the exaggeration, since they cost little here and small perplexities still gain from them.
EXACT_PHASES = ((250, 12.0, 0.8), (750, 1.0, 0.8))
TOLERANCE = 1e-5
MAX_STEP = 5.0
MIN_GAIN = 0.01


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


@vector_kernel
def gradient(
    joint: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    exaggeration: float,
    gradient_x: np.ndarray,
    gradient_y: np.ndarray,
) -> None:
    """The gradient of the Kullback-Leibler divergence over 4, as openTSNE scales it.

    Parameters
    ----------
    joint : float array, shape (n, n)
    x, y : float array, shape (n,)
    exaggeration : float
        Factor of the attraction.
    gradient_x, gradient_y : float array, shape (n,)
        The result.
    """
    n = len(x)
    repulsion_x = np.empty(n)
    repulsion_y = np.empty(n)
    total = 0.0
    for i in range(n):
        pull_x = pull_y = push_x = push_y = kernel_sum = 0.0
        for j in range(n):
            dx = x[i] - x[j]
            dy = y[i] - y[j]
            kernel = 1.0 / (1.0 + dx * dx + dy * dy)
            pull = joint[i, j] * kernel
            push = kernel * kernel
            kernel_sum += kernel
            pull_x += pull * dx
            pull_y += pull * dy
            push_x += push * dx
            push_y += push * dy
        total += kernel_sum - 1.0
        gradient_x[i] = exaggeration * pull_x
        gradient_y[i] = exaggeration * pull_y
        repulsion_x[i] = push_x
        repulsion_y[i] = push_y
    for i in range(n):
        gradient_x[i] -= repulsion_x[i] / total
        gradient_y[i] -= repulsion_y[i] / total


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
def step(
    update: np.ndarray, gains: np.ndarray, slope: np.ndarray, momentum: float, rate: float
) -> None:
    """The next step of gradient descent, with gains and momentum, along one axis."""
    for i in range(len(update)):
        if np.sign(update[i]) != np.sign(slope[i]):
            gains[i] += 0.2
        else:
            gains[i] = gains[i] * 0.8 + MIN_GAIN
        update[i] = momentum * update[i] - rate * gains[i] * slope[i]


@kernel
def optimise(joint: np.ndarray, start: np.ndarray, phases: np.ndarray) -> tuple[np.ndarray, float]:
    """A map of the affinities.

    Parameters
    ----------
    joint : float array, shape (n, n)
    start : float array, shape (n, 2)
    phases : float array, shape (p, 3)
        Iterations, exaggeration and momentum of each phase.

    Returns
    -------
    embedding : float array, shape (n, 2)
    kl_divergence : float
    """
    n = len(joint)
    x, y = start[:, 0].copy(), start[:, 1].copy()
    update_x, update_y = np.zeros(n), np.zeros(n)
    gains_x, gains_y = np.ones(n), np.ones(n)
    slope_x, slope_y = np.empty(n), np.empty(n)
    for iterations, exaggeration, momentum in phases:
        for _ in range(int(iterations)):
            gradient(joint, x, y, exaggeration, slope_x, slope_y)
            step(update_x, gains_x, slope_x, momentum, n / exaggeration)
            step(update_y, gains_y, slope_y, momentum, n / exaggeration)
            for i in range(n):
                length = np.sqrt(update_x[i] ** 2 + update_y[i] ** 2)
                if length > MAX_STEP:
                    update_x[i] *= MAX_STEP / length
                    update_y[i] *= MAX_STEP / length
                x[i] += update_x[i]
                y[i] += update_y[i]
            x -= x.mean()
            y -= y.mean()
    embedding = np.empty((n, 2))
    embedding[:, 0], embedding[:, 1] = x, y
    return embedding, divergence(joint, x, y)
