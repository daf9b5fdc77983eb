"""A bootstrap over whole patients, and the intervals from it."""

import numpy as np

CONFIDENCE = 0.95


def patient_weights(patients: np.ndarray, replicates: int, seed: int) -> np.ndarray:
    """Weightings of images: each counted once, then bootstrap draws of whole patients.

    Images of a patient are not independent, so that patients are what is drawn.

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
    names, owner = np.unique(patients, return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=replicates
    )
    return np.vstack([np.ones(len(patients)), draws[:, owner]])


def percentile_interval(values: np.ndarray, patients: int | None = None) -> dict[str, float | None]:
    """Value and percentile interval from a metric's own value and its replicates.

    Where every draw agrees a percentile interval would claim certainty: of a
    share that is 0 or 1 the exact binomial interval over patients takes its
    place, other metrics then have no bounds.

    Parameters
    ----------
    values : float array, shape (1 + replicates,)
        The value itself first; replicates in which it is not defined are NaN.
    patients : int, optional
        For a share, the patients it is of.

    References
    ----------
    C. Clopper, E. Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934.
    """
    own = float(values[0])
    if not np.isfinite(own):
        return {"value": None, "low": None, "high": None}
    tail = 100 * (1 - CONFIDENCE) / 2
    defined = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(defined, [tail, 100 - tail]) if len(defined) else (np.nan, np.nan)
    if low == high:
        extreme = own in (0.0, 1.0)
        low, high = _exact(own, patients) if patients and extreme else (np.nan, np.nan)
    bounds = [round(float(v), 6) if np.isfinite(v) else None for v in (low, high)]
    return {"value": round(own, 6), "low": bounds[0], "high": bounds[1]}


def _exact(share: float, patients: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(round(share * patients), patients).proportion_ci(CONFIDENCE, method="exact")
    return float(found.low), float(found.high)
