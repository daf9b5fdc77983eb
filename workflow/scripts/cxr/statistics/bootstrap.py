"""A bootstrap of whole patients, and the intervals from it."""

from collections.abc import Callable, Iterator

import numpy as np

CONFIDENCE = 0.95
REPLICATES = 1000  # bootstrap draws of an interval
MAX_WEIGHTS = 2**25  # held in memory at once: 256 MB
MANY = 20_000  # patients, from which counting draws is faster than drawing counts


def patient_weights(patients: np.ndarray, replicates: int, seed: int) -> np.ndarray:
    """Weights of images: first all 1, then one row for each bootstrap replicate of patients.

    Images of a patient are not independent, so that whole patients are resampled.

    Parameters
    ----------
    patients : array of str, shape (n,)

    Returns
    -------
    float array, shape (1 + replicates, n)

    References
    ----------
    C. Field, A. Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69, 2007.
    """
    return np.vstack([*_weight_blocks(patients, replicates, seed, 1 + replicates)])


def bootstrap_values(
    statistic: Callable[[np.ndarray], np.ndarray], patients: np.ndarray, replicates: int, seed: int
) -> np.ndarray:
    """A statistic of all images, then of each bootstrap replicate of patients, shape (1 + r,).

    Parameters
    ----------
    statistic : callable
        From weights of images, shape (b, n), as from `patient_weights`, to values, shape (b,).
        Of many images it is called with few replicates at a time.
    patients : array of str, shape (n,)
    """
    rows = max(1, MAX_WEIGHTS // len(patients))
    blocks = _weight_blocks(patients, replicates, seed, rows)
    return np.concatenate([statistic(weights) for weights in blocks])


def _weight_blocks(
    patients: np.ndarray, replicates: int, seed: int, rows: int
) -> Iterator[np.ndarray]:
    """The rows of `patient_weights`, so many at a time."""
    names, owners = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(seed)
    for start in range(0, 1 + replicates, rows):
        stop = min(start + rows, 1 + replicates)
        counts = _counts(rng, len(names), stop - max(start, 1))
        weights = counts[:, owners].astype(np.float64)
        yield np.vstack([np.ones(len(patients)), weights]) if start == 0 else weights


def _counts(rng: np.random.Generator, n: int, replicates: int) -> np.ndarray:
    """How often each of n patients is drawn among n draws with replacement, (replicates, n)."""
    if n < MANY:
        return rng.multinomial(n, np.full(n, 1 / n), size=replicates)
    rows = [np.bincount(rng.integers(0, n, n), minlength=n) for _ in range(replicates)]
    return np.array(rows).reshape(replicates, n)


def less_bias(values: np.ndarray) -> np.ndarray:
    """A statistic that is at least 0, and its replicates, less the bias that they show.

    A mean of absolute differences is above 0 by noise alone. Replicates are drawn from the
    sample, so that they have the sample's bias and as much again: once it is taken off the
    estimate, and twice off the replicates, which then lie around the estimate.

    Parameters
    ----------
    values : float array, shape (1 + replicates,)
        The value first; replicates in which the statistic is not defined are NaN.

    Returns
    -------
    float array, shape (1 + replicates,)
        None below 0.

    References
    ----------
    B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, chapter 10.
    """
    drawn = values[1:]
    if not np.isfinite(drawn).any():
        return values
    bias = np.nanmean(drawn) - values[0]
    return np.maximum(np.concatenate([values[:1] - bias, drawn - 2 * bias]), 0.0)


def percentile_interval(values: np.ndarray, patients: int | None = None) -> dict[str, float | None]:
    """Value and percentile interval of a metric from its value and its replicates.

    Where all replicates agree a percentile interval would claim certainty: a
    share of 0 or 1 then has the exact binomial interval over patients, and
    other metrics have no bounds.

    Parameters
    ----------
    values : float array, shape (1 + replicates,)
        The value first; replicates in which the metric is not defined are NaN.
    patients : int, optional
        For a share, its denominator in patients.
    """
    value = float(values[0])
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    tail = 100 * (1 - CONFIDENCE) / 2
    defined = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(defined, [tail, 100 - tail]) if len(defined) else (np.nan, np.nan)
    if low == high:
        extreme = value in (0.0, 1.0)
        if patients and extreme:
            return binomial_interval(round(value * patients), patients)
        low, high = np.nan, np.nan
    bounds = [round(float(v), 6) if np.isfinite(v) else None for v in (low, high)]
    return {"value": round(value, 6), "low": bounds[0], "high": bounds[1]}


def binomial_interval(successes: int, trials: int) -> dict[str, float | None]:
    """A share and its exact (Clopper-Pearson) interval; all null without a trial.

    References
    ----------
    C. Clopper, E. Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934.
    """
    if not trials:
        return {"value": None, "low": None, "high": None}
    from scipy.stats import binomtest

    bounds = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="exact")
    values = (successes / trials, float(bounds.low), float(bounds.high))
    return dict(zip(("value", "low", "high"), (round(value, 6) for value in values), strict=True))
