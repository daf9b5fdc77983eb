"""Features that hold little of the disease: no training, pixels, borders, lungs covered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.config.catalogue.controls import COMPONENTS, SIDE
from cxr.features.extract import extract_features, untrained_features
from cxr.images.canonical import flatten, shrink
from cxr.images.lungs import border_mask, painted_over
from cxr.images.rows import blocks

if TYPE_CHECKING:
    from cxr.networks.architecture import Network


PART = 1024  # images that are painted over at a time


@dataclass(frozen=True)
class Trained:
    """What a control that `covers_lungs` needs.

    Attributes
    ----------
    network : Network
        The model itself.
    lungs : bool array, shape (n, size, size)
        The lungs of the images.
    """

    network: "Network"
    lungs: np.ndarray


def control_features(
    control: str,
    images: np.ndarray,
    card: Mapping[str, Any],
    seed: int,
    device: str = "auto",
    trained: Trained | None = None,
) -> np.ndarray:
    """The features of a control, float32 of shape (n, d).

    Parameters
    ----------
    control : str
        A key of `cxr.config.catalogue.controls.CONTROLS`.
    images : uint8 array, shape (n, size, size)
    card : mapping
        Of the model whose control it is.
    seed : int
        Of the untrained network's weights.
    device : str
        As of `cxr.networks.device.choose_device`.
    trained : Trained or None
        None where the control does without.
    """
    return FEATURES[control](images, card, seed, device, trained)


def _untrained(
    images: np.ndarray, card: Mapping[str, Any], seed: int, device: str, _: Trained | None
) -> np.ndarray:
    n_classes, d = len(card["classes"]), card["feature_dim"]
    size = card["image_size"]
    return untrained_features(card["architecture"], n_classes, d, size, images, seed, device)


def _pixels(images: np.ndarray, *_: object) -> np.ndarray:
    return principal_components(flatten(shrink(images, SIDE)))


def _border(images: np.ndarray, *_: object) -> np.ndarray:
    return principal_components(shrink(images, SIDE)[:, border_mask(SIDE)].astype(np.float32))


def _covered(
    images: np.ndarray, card: Mapping[str, Any], _: int, device: str, trained: Trained | None
) -> np.ndarray:
    if trained is None:
        raise ValueError("the lungs can't be covered without the network and the masks")
    features = [
        extract_features(trained.network, painted_over(*part), card["image_size"], device=device)[0]
        for part in zip(blocks(images, PART), blocks(trained.lungs, PART), strict=True)
    ]
    return np.concatenate(features)


def principal_components(pixels: np.ndarray) -> np.ndarray:
    """The first principal components of images' pixels.

    Parameters
    ----------
    pixels : float32 array, shape (n, p)

    Returns
    -------
    float32 array, shape (n, d)
        d is 64, or less where there are fewer images or pixels.
    """
    from sklearn.decomposition import PCA

    count = min(COMPONENTS, *pixels.shape)
    return PCA(count, svd_solver="full").fit_transform(pixels).astype(np.float32)


# How the features of each control are made: of the images, the model's card, a seed, a device and
# what `Trained` holds.
FEATURES: dict[
    str, Callable[[np.ndarray, Mapping[str, Any], int, str, Trained | None], np.ndarray]
] = {
    "untrained": _untrained,
    "pixels": _pixels,
    "border": _border,
    "covered": _covered,
}
