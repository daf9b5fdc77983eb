"""How far new images lie from those that a network was trained on."""

from typing import Any

import numpy as np


class TrainingDistance:
    """The Mahalanobis distance from the training images.

    It is taken in the mean outputs of the convolutions, each divided by its norm: the learned
    features, which are made of them, tell the classes and keep little of what else an image
    is. The covariance is shrunk, since there may be more outputs than images.

    Parameters
    ----------
    train : float array, shape (n, d)
        Mean outputs of the training images, at least one image.

    References
    ----------
    K. Lee, K. Lee, H. Lee, J. Shin, "A simple unified framework for detecting out-of-distribution
    samples and adversarial attacks", NeurIPS 2018. M. Mueller, M. Hein, "Mahalanobis++: improving
    OOD detection via feature normalization", ICML 2025. O. Ledoit, M. Wolf, "A well-conditioned
    estimator for large-dimensional covariance matrices", J. Multivar. Anal. 88, 2004.
    """

    def __init__(self, train: np.ndarray) -> None:
        from sklearn.covariance import LedoitWolf

        self._model: Any = LedoitWolf().fit(_directions(train))

    def of(self, points: np.ndarray) -> np.ndarray:
        """The distance of each image.

        Parameters
        ----------
        points : float array, shape (m, d)

        Returns
        -------
        float array, shape (m,)
        """
        if not len(points):
            return np.zeros(0)
        return np.sqrt(np.maximum(self._model.mahalanobis(_directions(points)), 0))


def _directions(outputs: np.ndarray) -> np.ndarray:
    """Each row divided by its norm, a row of zeros as it is."""
    exact = outputs.astype(np.float64)
    norms = np.linalg.norm(exact, axis=1, keepdims=True)
    return exact / np.where(norms > 0, norms, 1)


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
