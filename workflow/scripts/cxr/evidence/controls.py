"""Features that can't be about the disease, or hardly: an untrained network, pixels, borders."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from cxr.config.catalogue.controls import COMPONENTS, SIDE
from cxr.features.extract import untrained_features
from cxr.images.canonical import flatten, shrink
from cxr.images.lungs import border_mask


def control_features(
    control: str, images: np.ndarray, card: Mapping[str, Any], seed: int
) -> np.ndarray:
    """The features of a control, float32 of shape (n, d).

    Parameters
    ----------
    control : str
        One of `cxr.config.catalogue.controls.CONTROLS`.
    images : uint8 array, shape (n, size, size)
    card : mapping
        Of the model whose control it is.
    seed : int
        Of the untrained network's weights.
    """
    if control != "untrained":
        return pixel_components(images, control)
    n_classes, d = len(card["classes"]), card["feature_dim"]
    size = card["image_size"]
    return untrained_features(card["architecture"], n_classes, d, size, images, seed)


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
