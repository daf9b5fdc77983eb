"""Effect sizes of the association between clusters and a field."""

import numpy as np


def cramers_v(tables: np.ndarray) -> np.ndarray:
    """Bias-corrected Cramer's V of contingency tables, 0 to 1.

    Parameters
    ----------
    tables : float array, shape (..., r, c)

    Returns
    -------
    float array, shape (...)
        NaN where fewer than two rows or columns have observations, or no two
        observations share a row or a column.

    References
    ----------
    W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", J. Korean
    Stat. Soc. 42, 2013.
    """
    n = tables.sum(axis=(-2, -1))
    rows = (tables.sum(axis=-1) > 0).sum(axis=-1)
    columns = (tables.sum(axis=-2) > 0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        excess = (rows - 1) * (columns - 1) / (n - 1)
        phi = np.maximum(chi_square(tables) / n - excess, 0)
        r = rows - (rows - 1) ** 2 / (n - 1)
        c = columns - (columns - 1) ** 2 / (n - 1)
        largest = np.minimum(r, c) - 1
        value = np.sqrt(phi / largest)
    # With as many rows as observations `largest` is 0, but for rounding.
    defined = (rows > 1) & (columns > 1) & (largest > 1e-9)
    return np.where(defined, np.minimum(value, 1), np.nan)


def chi_square(tables: np.ndarray) -> np.ndarray:
    """Pearson's chi-square of contingency tables, shape (..., r, c) to (...)."""
    n = tables.sum(axis=(-2, -1), keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = tables.sum(axis=-1, keepdims=True) * tables.sum(axis=-2, keepdims=True) / n
        parts = np.where(expected > 0, (tables - expected) ** 2 / expected, 0.0)
    return parts.sum(axis=(-2, -1))


def correlation_ratio(values: np.ndarray, clusters: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pearson's eta: the share of a number's standard deviation between clusters, 0 to 1.

    Parameters
    ----------
    values : float array, shape (n,) or (r, n)
    clusters : int array, shape (n,)
    weights : float array, shape (r, n)

    Returns
    -------
    float array, shape (r,)
        NaN where the number does not vary.

    References
    ----------
    K. Pearson, "On the general theory of skew correlation", 1905.
    """
    member = clusters[:, None] == np.unique(clusters)
    centred = values - values.mean(axis=-1, keepdims=True)
    weighted = weights * centred
    mass, sums, total = weights @ member, weighted @ member, weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = weighted.sum(axis=1) / total
        inner = np.where(mass > 0, sums**2 / mass, 0.0).sum(axis=1) - total * mean**2
        whole = (weighted * centred).sum(axis=1) - total * mean**2
        share = np.where(whole > 1e-12 * total, inner / whole, np.nan)
    return np.sqrt(np.clip(share, 0, 1))


def count_codes(codes: np.ndarray, size: int) -> np.ndarray:
    """How often each number below `size` is in each row, float of shape (rows, size)."""
    numbers = codes + size * np.arange(len(codes))[:, None]
    return np.bincount(numbers.ravel(), minlength=size * len(codes)).astype(np.float64)
