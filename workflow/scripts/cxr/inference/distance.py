"""How far new images lie from those that a network was trained on."""

import numpy as np

# Of the k nearest training images the last one counts, so that a near duplicate or a patient with
# several images there makes no image near.
NEIGHBOURS = 10
# New images at a time: their distances to the training images are in memory.
BLOCK = 1024


def nearest_distances(train: np.ndarray, points: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """The distance of each point to its k-th nearest training image.

    Features are divided by their norm before, so that it is 0 for the same direction and
    2 for the opposite one.

    Parameters
    ----------
    train : float array, shape (n, d)
    points : float array, shape (m, d)
    k : int
        At most n.

    Returns
    -------
    float array, shape (m,)

    References
    ----------
    Y. Sun, Y. Ming, X. Zhu, Y. Li, "Out-of-distribution detection with deep nearest neighbors",
    ICML 2022.
    """
    images, new = _directions(train), _directions(points)
    kth = min(k, len(images)) - 1
    found = [np.zeros(0)]
    for start in range(0, len(new), BLOCK):
        squares = 2 - 2 * (new[start : start + BLOCK] @ images.T)
        found.append(np.partition(squares, kth, axis=1)[:, kth])
    return np.sqrt(np.maximum(np.concatenate(found), 0))


def _directions(features: np.ndarray) -> np.ndarray:
    """Each row divided by its norm, a row of zeros as it is."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(norms > 0, norms, 1)


def percentiles(distances: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """The percentage of held-out images that lie nearer than each image, ties by half.

    Parameters
    ----------
    distances : float array, shape (m,)
    held_out : float array, shape (n,)
        The distances of images that the network was not trained on, from its own cohort.

    Returns
    -------
    float array, shape (m,)
        NaN without a held-out image.
    """
    if not len(held_out):
        return np.full(len(distances), np.nan)
    ordered = np.sort(held_out)
    nearer, as_near = (np.searchsorted(ordered, distances, side=side) for side in ("left", "right"))
    return 100 * (nearer + as_near) / (2 * len(ordered))
