"""Counts of all images of a study of which the page shows a part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.explorer.packing import pack_counts

# As the page's script divides a field: bars of a composition, groups of a colouring.
MOST_BARS, BINS, STEPS = 14, 6, 16


def field_codes(values: pd.Series, levels: Sequence[str] | None, steps: int) -> np.ndarray:
    """The group of each image by a field, as the page's script has it, int of shape (n,).

    Parameters
    ----------
    values : Series, n rows
    levels : sequence of str or None
        Of a field of texts: its levels in their order; None for a field of numbers.
    steps : int
        Equal steps of a field of numbers.

    Returns
    -------
    int array
        The level or step; the number of levels or steps where nothing is recorded.
    """
    if levels is not None:
        codes = pd.Categorical(values, categories=levels).codes.astype(np.int64)
        return np.where(codes < 0, len(levels), codes)
    numbers = values.to_numpy(np.float32).astype(np.float64)
    low, high = number_range(values)
    width = (high - low) / steps if high > low else 1.0
    with np.errstate(invalid="ignore"):
        found = np.minimum(steps - 1, np.floor((numbers - low) / width))
    return np.where(np.isnan(numbers), steps, found).astype(np.int64)


def number_range(values: pd.Series) -> list[float]:
    """The least and the greatest value of a field of numbers, as the page has them."""
    numbers = values.to_numpy(np.float32)
    return [float(np.nanmin(numbers)), float(np.nanmax(numbers))]


def pack_field_totals(values: pd.Series, levels: Sequence[str] | None) -> dict[str, Any]:
    """The images of each level, or of each of `STEPS` steps, those without a value last."""
    groups = len(levels) if levels is not None else STEPS
    codes = field_codes(values, levels, STEPS)
    return pack_counts(np.bincount(codes, minlength=groups + 1))


def pack_totals(
    labels: np.ndarray, fields: pd.DataFrame, levels: Sequence[Sequence[str] | None]
) -> dict[str, Any]:
    """The images of each cluster, and by each field.

    Parameters
    ----------
    labels : int array, shape (n,)
        -1 for outliers.
    fields : DataFrame, n rows
    levels : sequence
        Of each field, as of `field_codes`.

    Returns
    -------
    dict
        `clusters`, packed counts with the outliers last; `fields`, of each field the packed
        counts of its bars, cluster after cluster.
    """
    outliers = int(labels.max(initial=-1)) + 1
    groups = np.where(labels < 0, outliers, labels)
    packed = []
    for name, of_field in zip(fields, levels, strict=True):
        codes, bars = field_codes(fields[name], of_field, BINS), BINS + 1
        if of_field is not None:
            named = min(len(of_field), MOST_BARS) + (len(of_field) > MOST_BARS)
            codes = np.where(codes == len(of_field), named, np.minimum(codes, named - 1))
            bars = named + 1
        counts = np.bincount(groups * bars + codes, minlength=(outliers + 1) * bars)
        packed.append(pack_counts(counts))
    return {"clusters": pack_counts(np.bincount(groups, minlength=outliers + 1)), "fields": packed}
