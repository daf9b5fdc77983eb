"""The networks: a backbone, a dense layer whose outputs are the features, an output layer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from cxr.config.catalogue.architectures import ARCHITECTURES
from cxr.networks.depthwise import speed_up

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
PREPROCESSING = (
    "grey uint8 / 255; conv5: one channel, minus 0.5, divided by 0.25; other backbones: the "
    "channel three times, standardised with ImageNet's mean and standard deviation"
)


class Network(nn.Module):
    """A convolutional backbone, a dense layer of `feature_dim` rectified units, an output layer.

    Parameters
    ----------
    architecture : str
        One of `cxr.config.catalogue.architectures.ARCHITECTURES`.
    n_classes : int
    feature_dim : int
        Units of the dense layer, the features.
    dropout : float
        Between the features and the output.
    n_tags : int
        Labels besides the classes, of which an image has any number.

    Raises
    ------
    ValueError
        If there is no such architecture.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, architecture: str, n_classes: int, feature_dim: int, dropout: float, n_tags: int = 0
    ) -> None:
        super().__init__()
        if architecture not in ARCHITECTURES:
            raise ValueError(f"unknown architecture {architecture}")
        entry = ARCHITECTURES[architecture]
        self.n_classes, self.n_tags, self.feature_dim = n_classes, n_tags, feature_dim
        self.backbone = FAMILIES[entry.family](architecture)
        grey = entry.channels == 1
        mean, std = ((0.5,), (0.25,)) if grey else (IMAGENET_MEAN, IMAGENET_STD)
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self.dense = nn.Sequential(nn.Linear(entry.width, feature_dim), nn.ReLU())
        self.output = nn.Sequential(nn.Dropout(dropout), nn.Linear(feature_dim, n_classes + n_tags))

    def maps(self, images: Tensor) -> Tensor:
        """The backbone's last feature maps of grey images.

        Parameters
        ----------
        images : float Tensor, shape (n, 1, h, w)
            From 0 to 1; h and w at least 32.

        Returns
        -------
        Tensor, shape (n, channels, h', w')
        """
        scaled = (images - self.mean) / self.std
        return self.backbone(scaled.contiguous(memory_format=torch.channels_last))

    def features(self, images: Tensor) -> Tensor:
        """The features of grey images, shape (n, feature_dim), not negative."""
        return self.features_of_maps(self.maps(images))

    def features_of_maps(self, maps: Tensor) -> Tensor:
        """The features of feature maps."""
        return self.dense(maps.mean(dim=(2, 3)))

    def forward(self, images: Tensor) -> Tensor:
        """The logits, shape (n, n_classes + n_tags), those of the classes first."""
        return self.output(self.features(images))

    def class_logits(self, features: Tensor) -> Tensor:
        """The logits of the classes, shape (n, n_classes).

        With tags every logit is of a label by itself. The softmax of the classes' is
        then the probability of each class given that exactly one of them is there:
        of independent labels it is in proportion to the odds.
        """
        return self.output(features)[:, : self.n_classes]

    def freeze_backbone(self, frozen: bool) -> None:
        """Whether the backbone keeps its weights and its normalisation statistics."""
        self.backbone.requires_grad_(not frozen)
        self.backbone.train(not frozen)


class _ResNetBackbone(nn.Module):
    """A ResNet without its pooling and classifier, its parts under torchvision's names."""

    PARTS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        for name in self.PARTS:
            self.add_module(name, getattr(model, name))

    def forward(self, images: Tensor) -> Tensor:
        for name in self.PARTS:
            images = getattr(self, name)(images)
        return images


def _conv5(architecture: str) -> nn.Module:
    """Five blocks of convolution, normalisation, rectifier and pooling."""
    layers: list[nn.Module] = []
    channels = 1
    for width in (16, 32, 64, 128, 256):
        layers += [
            nn.Conv2d(channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        channels = width
    return nn.Sequential(*layers)


def _torchvision_model(architecture: str) -> Any:
    import torchvision

    return getattr(torchvision.models, architecture)(weights=None)


def _features_backbone(architecture: str) -> nn.Module:
    return nn.Sequential(speed_up(_torchvision_model(architecture).features))


def _densenet_backbone(architecture: str) -> nn.Module:
    return nn.Sequential(_torchvision_model(architecture).features, nn.ReLU())


def _resnet_backbone(architecture: str) -> nn.Module:
    return _ResNetBackbone(_torchvision_model(architecture))


# How the convolutions of an architecture are obtained, by its family.
FAMILIES: dict[str, Callable[[str], nn.Module]] = {
    "conv5": _conv5,
    "features": _features_backbone,
    "densenet": _densenet_backbone,
    "resnet": _resnet_backbone,
}


def build_network(
    architecture: str, n_classes: int, feature_dim: int, dropout: float, seed: int, n_tags: int = 0
) -> Network:
    """A network with weights drawn by `seed`; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Network(architecture, n_classes, feature_dim, dropout, n_tags)


def parameter_count(network: nn.Module) -> int:
    """Number of trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters())
