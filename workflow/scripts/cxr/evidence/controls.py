"""Features that can't be about the disease, or hardly: an untrained network, pixels, borders."""

import numpy as np

from cxr.config.catalogue.controls import COMPONENTS, SIDE
from cxr.images.canonical import flatten, shrink
from cxr.images.lungs import border_mask


def pixel_components(images: np.ndarray, control: str) -> np.ndarray:
    """Principal components of an image's pixels, or of its border's alone.

    Parameters
    ----------
    images : uint8 array, shape (n, size, size)
    control : "pixels" or "border"

    Returns
    -------
    float32 array, shape (n, d)
        d is 64, or less where there are fewer images or pixels.
    """
    from sklearn.decomposition import PCA

    small = shrink(images, SIDE)
    seen = small[:, border_mask(SIDE)].astype(np.float32) if control == "border" else flatten(small)
    count = min(COMPONENTS, *seen.shape)
    return PCA(count, svd_solver="full").fit_transform(seen).astype(np.float32)
