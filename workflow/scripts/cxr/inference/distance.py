"""How far new images lie from those that a network was trained on."""

from typing import Any

import numpy as np


class TrainingDistance:
    """The Mahalanobis distance from the training images, relative to that of held-out images.

    It is taken in the mean outputs of the convolutions: the learned features, which are made
    of them, tell the classes and keep little of what else an image is. It is the larger of two,
    of the outputs as they are and of each image's divided by their norm, each divided by the
    median of the held-out images: images of another kind differ in either. Covariances are
    shrunk, since there may be more outputs than images.

    Parameters
    ----------
    train : float array, shape (n, d)
        Mean outputs of the training images, at least one image.
    held_out : float array, shape (m, d)
        Those of images of the same cohort that the network was not trained on.

    Attributes
    ----------
    held_out : float array, shape (m,)
        The distances of these; most are near 1.

    References
    ----------
    K. Lee, K. Lee, H. Lee, J. Shin, "A simple unified framework for detecting out-of-distribution
    samples and adversarial attacks", NeurIPS 2018. M. Mueller, M. Hein, "Mahalanobis++: improving
    OOD detection via feature normalization", ICML 2025. O. Ledoit, M. Wolf, "A well-conditioned
    estimator for large-dimensional covariance matrices", J. Multivar. Anal. 88, 2004.
    """

    def __init__(self, train: np.ndarray, held_out: np.ndarray) -> None:
        from sklearn.covariance import LedoitWolf

        self._models: list[Any] = [LedoitWolf().fit(points) for points in spaces(train)]
        known = self._distances(held_out)
        medians = np.median(known, axis=1) if len(held_out) else np.zeros(2)
        self._scales = np.where(medians > 0, medians, 1)[:, None]
        self.held_out: np.ndarray = (known / self._scales).max(axis=0)

    def of(self, points: np.ndarray) -> np.ndarray:
        """The distance of each image.

        Parameters
        ----------
        points : float array, shape (m, d)

        Returns
        -------
        float array, shape (m,)
        """
        return (self._distances(points) / self._scales).max(axis=0)

    @property
    def covariances(self) -> list[tuple[np.ndarray, np.ndarray, float]]:
        """Of each of the two spaces the mean, the covariance, and the held-out median."""
        scales = self._scales[:, 0].tolist()
        return [
            (model.location_, model.covariance_, scale)
            for model, scale in zip(self._models, scales, strict=True)
        ]

    def _distances(self, points: np.ndarray) -> np.ndarray:
        """The two distances of each image, shape (2, m)."""
        if not len(points):
            return np.zeros((2, 0))
        pairs = zip(self._models, spaces(points), strict=True)
        squares = np.stack([model.mahalanobis(values) for model, values in pairs])
        return np.sqrt(np.maximum(squares, 0))


def spaces(outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outputs as they are, and each image's divided by their norm, float64."""
    exact = outputs.astype(np.float64)
    return exact, _directions(exact)


def _directions(outputs: np.ndarray) -> np.ndarray:
    """Each row divided by its norm, a row of zeros as it is."""
    norms = np.linalg.norm(outputs, axis=1, keepdims=True)
    return outputs / np.where(norms > 0, norms, 1)


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
