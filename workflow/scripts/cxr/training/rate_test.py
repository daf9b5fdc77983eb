"""The learning-rate range test."""

import copy
import logging
import math

import numpy as np
import pandas as pd

from cxr.core.errors import InputError
from cxr.training.batches import endless_batches
from cxr.training.learner import Learner
from cxr.training.recipe import make_optimizer

log = logging.getLogger("cxr")

LOWEST, HIGHEST, TRIALS = 1e-6, 1.0, 100
SMOOTHING, DIVERGED, RISEN, BELOW_BEST = 0.9, 4.0, 1.1, 10.0
START = 5  # the first fifth of a curve is where its loss began


def range_test(learner: Learner, rng: np.random.Generator) -> tuple[float, pd.DataFrame]:
    """A learning rate for a phase, as `suggested_rate` reads it off the loss while the rate grows.

    The rate grows exponentially from step to step until the smoothed loss
    diverges. Weights and normalisation statistics are as before afterwards.

    Parameters
    ----------
    learner : Learner
        Of the phase, before it begins; it is left with the optimizer of the test.
    rng : Generator
        Shuffles the batches.

    Returns
    -------
    rate : float
    curve : DataFrame
        learning_rate, loss (smoothed).

    Raises
    ------
    InputError
        If the loss is no number even at the lowest rate.
    """
    before = copy.deepcopy(learner.network.state_dict())
    learner.optimizer = make_optimizer(learner.network, learner.phase, LOWEST, LOWEST)
    learner.set_training()
    smooth, rows = 0.0, []
    size, place = learner.phase.batch_size, learner.train.place
    batches = endless_batches(len(learner.train), size, rng, place)
    for trial in range(TRIALS):
        rate = LOWEST * (HIGHEST / LOWEST) ** (trial / (TRIALS - 1))
        for group in learner.optimizer.param_groups:
            group["lr"] = rate
        loss = float(learner.step(next(batches))[0])
        smooth = SMOOTHING * smooth + (1 - SMOOTHING) * loss
        corrected = smooth / (1 - SMOOTHING ** (trial + 1))
        if not math.isfinite(corrected):
            break
        rows.append({"learning_rate": rate, "loss": corrected})
        if corrected > DIVERGED * min(row["loss"] for row in rows):
            break
    learner.network.load_state_dict(before)
    if not rows:
        raise InputError("training: the range test's loss is no number even at its lowest rate")
    curve = pd.DataFrame(rows)
    rate = suggested_rate(curve)
    log.info("learning-rate range test: %.2g", rate)
    return rate, curve


def suggested_rate(curve: pd.DataFrame) -> float:
    """The learning rate that a range test suggests.

    A tenth of where the loss is lowest; where it does not rise again up to the highest
    rate, the test does not show what is too high, and it is the rate at which the loss
    has fallen half way, if that is lower.

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
