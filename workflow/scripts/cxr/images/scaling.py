"""Deep pixels as bytes."""

import numpy as np


def scale_to_bytes(pixels: np.ndarray) -> np.ndarray:
    """Pixels scaled linearly from their own range to 0..255; black where all are alike.

    Parameters
    ----------
    pixels : array of numbers
        NaN counts as the smallest value.

    Returns
    -------
    uint8 array of the same shape
    """
    deep = np.asarray(pixels, dtype=np.float64)
    low, high = float(np.nanmin(deep)), float(np.nanmax(deep))
    if not high > low:
        return np.zeros(deep.shape, dtype=np.uint8)
    return np.round(255 * (np.nan_to_num(deep, nan=low) - low) / (high - low)).astype(np.uint8)
