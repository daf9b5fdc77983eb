"""The learning-rate range test."""

import numpy as np
import pandas as pd

LOWEST, HIGHEST, TRIALS = 1e-6, 1.0, 100
SMOOTHING, DIVERGED, RISEN, BELOW_BEST = 0.9, 4.0, 1.1, 10.0
START = 5  # the share of a curve that tells where its loss began


def suggested_rate(curve: pd.DataFrame) -> float:
    """The learning rate that a range test tells.

    A tenth of where the loss is lowest; where it does not rise again up to the highest
    rate, nothing is known of what is too high, and the rate is taken at which it has
    fallen half way, if that is lower.

    Parameters
    ----------
    curve : DataFrame
        learning_rate, ascending, and loss, smoothed.

    References
    ----------
    L. Smith, "Cyclical learning rates for training neural networks", 2017; the tenth is
    what fastai 1 suggests.
    """
    rates, losses = curve["learning_rate"].to_numpy(), curve["loss"].to_numpy()
    best = int(losses.argmin())
    start = np.median(losses[: len(losses) // START + 1])
    above = np.flatnonzero(losses[:best] > (start + losses[best]) / 2)
    if losses[-1] < RISEN * losses[best] and len(above):
        return float(min(rates[above[-1]], rates[best] / BELOW_BEST))
    return float(rates[best] / BELOW_BEST)
