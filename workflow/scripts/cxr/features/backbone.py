"""Features of networks with ImageNet weights: the averages of their last feature maps."""

from pathlib import Path

import numpy as np
import torch

from cxr.networks.architecture import Network, build_network
from cxr.networks.batched import compute_batches
from cxr.networks.device import choose_device
from cxr.networks.weights import load_backbone


def pretrained_backbone(architecture: str, weights: str | Path) -> Network:
    """A network of which only the backbone is of use, with pre-trained weights.

    Raises
    ------
    InputError
        If the weights do not fit.
    """
    network = build_network(architecture, n_classes=1, feature_dim=1, dropout=0.0, seed=0)
    load_backbone(network, weights)
    return network.eval()


def extract_backbone_features(
    network: Network, images: np.ndarray, batch_size: int = 64, device: str = "auto"
) -> np.ndarray:
    """The feature maps of a network's backbone, averaged over the image.

    Of ResNets, DenseNet and MobileNet these are the outputs of the penultimate layer.

    Parameters
    ----------
    network : Network
    images : uint8 array, shape (n, h, w)
        Canonical pixels.
    batch_size : int
        Least images at once.
    device : str
        As of `cxr.networks.device.choose_device`.

    Returns
    -------
    float32 array, shape (n, channels)
    """

    def compute(batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (network.maps(batch).mean(dim=(2, 3)).float(),)

    place = choose_device(device)
    results = compute_batches(network, compute, images, None, place, batch_size)
    return np.concatenate([averages for (averages,) in results])
