"""Calibrating a network's probabilities on images that it was not trained on."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

# Keeps the biases near zero where images are few; beside the mean log-likelihood it is small.
PENALTY = 1e-3
TINY = 1e-12


@dataclass(frozen=True)
class Calibration:
    """A temperature for all classes and a bias for each.

    Attributes
    ----------
    scale : float
        The inverse of the temperature.
    bias : float array, shape (c,)
    """

    scale: float
    bias: np.ndarray

    @classmethod
    def fit(cls, probabilities: np.ndarray, labels: np.ndarray) -> "Calibration":
        """Bias-corrected temperature scaling with equal weight for every class.

        Two to five numbers are fitted, so that a hundred images are enough. A bias
        corrects a network that prefers one class to another; a temperature alone
        would leave the predicted classes as they are.

        Parameters
        ----------
        probabilities : float array, shape (n, c)
        labels : int array, shape (n,)

        References
        ----------
        A. Alexandari, A. Kundaje, A. Shrikumar, "Maximum likelihood with
        bias-corrected calibration is hard-to-beat at label shift adaptation", ICML 2020.
        """
        logits, classes = np.log(probabilities + TINY), probabilities.shape[1]
        if len(labels) == 0:
            return cls(1.0, np.zeros(classes))
        weights = 1 / np.bincount(labels)[labels]
        weights /= weights.sum()

        def loss(values: np.ndarray) -> float:
            log_p = log_softmax(np.exp(values[0]) * logits + values[1:], axis=1)
            fit = weights @ log_p[np.arange(len(labels)), labels]
            return float(PENALTY * (values @ values) - fit)

        optimum = minimize(loss, np.zeros(1 + classes), method="L-BFGS-B").x
        return cls(float(np.exp(optimum[0])), optimum[1:])

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, shape (n, c)."""
        return softmax(self.scale * np.log(probabilities + TINY) + self.bias, axis=1)
