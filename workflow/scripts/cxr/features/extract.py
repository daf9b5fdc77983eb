"""What a trained network computes from images: features and probabilities."""

from typing import TYPE_CHECKING

import numpy as np

from cxr.images.rows import Images

if TYPE_CHECKING:
    from cxr.networks.architecture import Network


def extract_features(
    network: "Network",
    images: Images,
    image_size: int | None,
    batch_size: int = 64,
    device: str = "auto",
) -> tuple[np.ndarray, np.ndarray]:
    """Features and class probabilities of images.

    Parameters
    ----------
    network : Network
    images : uint8 array or ImageRows, shape (n, h, w)
        Canonical pixels, as in training.
    image_size : int or None
        Side of the network's input; None for the images' own.
    batch_size : int
        Least images at once.
    device : str
        As of `cxr.networks.device.choose_device`.

    Returns
    -------
    features : float32 array, shape (n, feature_dim)
    probabilities : float32 array, shape (n, n_classes)
    """
    import torch

    from cxr.networks.batched import compute_batches
    from cxr.networks.device import choose_device

    def compute(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        units = network.features(batch)
        logits = network.class_logits(units).float()
        return units.float(), torch.softmax(logits, dim=1)

    place = choose_device(device)
    results = compute_batches(network, compute, images, image_size, place, batch_size)
    features = [np.zeros((0, network.feature_dim), dtype=np.float32)]
    probabilities = [np.zeros((0, network.n_classes), dtype=np.float32)]
    features += [units for units, _ in results]
    probabilities += [shares for _, shares in results]
    return np.concatenate(features), np.concatenate(probabilities)


def mean_outputs(
    network: "Network",
    images: Images,
    image_size: int | None,
    batch_size: int = 64,
    device: str = "auto",
) -> np.ndarray:
    """The mean over the image of each output of the convolutions, float32 of shape (n, width).

    Parameters
    ----------
    network, images, image_size, batch_size, device
        As of `extract_features`.
    """
    import torch

    from cxr.networks.batched import compute_batches
    from cxr.networks.device import choose_device

    def compute(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (network.maps(batch).mean(dim=(2, 3)).float(),)

    place = choose_device(device)
    results = compute_batches(network, compute, images, image_size, place, batch_size)
    return np.concatenate([outputs for (outputs,) in results])


def label_probabilities(network: "Network", features: np.ndarray) -> np.ndarray:
    """The probability of every label by itself, float32 of shape (n, n_classes + n_tags).

    Parameters
    ----------
    network : Network
        That was trained with tags.
    features : float32 array, shape (n, feature_dim)
    """
    import torch

    with torch.inference_mode():
        logits = network.cpu().eval().output(torch.from_numpy(features)).float()
        return torch.sigmoid(logits).numpy()


def untrained_features(
    architecture: str,
    n_classes: int,
    feature_dim: int,
    image_size: int,
    images: Images,
    seed: int,
    device: str = "auto",
) -> np.ndarray:
    """The features of a network with its initial weights, float32 of shape (n, feature_dim)."""
    from cxr.networks.architecture import build_network

    network = build_network(architecture, n_classes, feature_dim, dropout=0.0, seed=seed)
    return extract_features(network, images, image_size, device=device)[0]
