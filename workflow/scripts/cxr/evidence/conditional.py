"""Draws from the conditional distributions of a sampling of censored values."""

import numpy as np


def shared_scores(
    scores: np.ndarray, icc: np.ndarray, owner: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """What a patient's images share along each axis, drawn given the images.

    Parameters
    ----------
    scores : float array, shape (n, r)
        Of the images along the axes, in standard deviations.
    icc : float array, shape (r,)
        Intraclass correlation of a patient's images along each axis.
    owner : int array, shape (n,)
        The patient of each image, from 0.

    Returns
    -------
    float array, shape (patients, r)
    """
    sizes = np.bincount(owner)
    sums = np.zeros((len(sizes), scores.shape[1]))
    np.add.at(sums, owner, scores)
    precision = 1 + sizes[:, None] * icc / (1 - icc)
    shared = np.sqrt(icc) / (1 - icc) * sums / precision
    return shared + rng.standard_normal(shared.shape) / np.sqrt(precision)


def drawn_below(
    limit: float | np.ndarray, centre: np.ndarray, deviation: float, rng: np.random.Generator
) -> np.ndarray:
    """Normal values of some centres, shape (n,), and one deviation, each below its limit."""
    from scipy.special import ndtr, ndtri

    below = np.maximum(ndtr((limit - centre) / deviation), 1e-300)
    return np.asarray(centre + deviation * ndtri(below * rng.uniform(size=len(below))))
