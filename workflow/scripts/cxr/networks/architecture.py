"""The networks: a body, a dense layer whose outputs are the features, an output layer."""

import torch
from torch import Tensor, nn

from cxr.networks.depthwise import speed_up

# torchvision's models that can be a body, and the submodule that holds their convolutions.
BACKBONES = (
    "vgg16",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet152",
    "densenet121",
    "mobilenet_v2",
)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
PREPROCESSING = (
    "grey uint8 / 255; conv5: one channel, minus 0.5, divided by 0.25; other bodies: the channel "
    "three times, standardised with ImageNet's mean and standard deviation"
)


class Network(nn.Module):
    """A convolutional body, a dense layer of `feature_dim` rectified units, an output layer.

    Parameters
    ----------
    architecture : str
        `conv5` or one of `BACKBONES`.
    n_classes : int
    feature_dim : int
        Units of the dense layer, the features.
    dropout : float
        Between the features and the output.
    n_tags : int
        Labels besides the classes, of which an image has any number.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, architecture: str, n_classes: int, feature_dim: int, dropout: float, n_tags: int = 0
    ) -> None:
        super().__init__()
        self.n_classes, self.n_tags, self.feature_dim = n_classes, n_tags, feature_dim
        self.body, width, channels = _backbone(architecture)
        mean, std = (IMAGENET_MEAN, IMAGENET_STD) if channels == 3 else ((0.5,), (0.25,))
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1), persistent=False)
        self.dense = nn.Sequential(nn.Linear(width, feature_dim), nn.ReLU())
        self.output = nn.Sequential(nn.Dropout(dropout), nn.Linear(feature_dim, n_classes + n_tags))

    def maps(self, images: Tensor) -> Tensor:
        """The body's last feature maps of grey images.

        Parameters
        ----------
        images : float Tensor, shape (n, 1, h, w)
            From 0 to 1; h and w at least 32.

        Returns
        -------
        Tensor, shape (n, channels, h', w')
        """
        scaled = (images - self.mean) / self.std
        return self.body(scaled.contiguous(memory_format=torch.channels_last))

    def features(self, images: Tensor) -> Tensor:
        """The features of grey images, shape (n, feature_dim), not negative."""
        return self.features_of(self.maps(images))

    def features_of(self, maps: Tensor) -> Tensor:
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

    def freeze_body(self, frozen: bool) -> None:
        """Whether the body keeps its weights and its normalisation statistics."""
        self.body.requires_grad_(not frozen)
        self.body.train(not frozen)


def _backbone(architecture: str) -> tuple[nn.Module, int, int]:
    """The convolutions of an architecture, their output channels and input channels."""
    if architecture == "conv5":
        return _conv5(), 256, 1
    import torchvision

    if architecture not in BACKBONES:
        raise ValueError(f"unknown architecture {architecture}")
    whole = getattr(torchvision.models, architecture)(weights=None)
    if architecture.startswith("resnet"):
        return _Residual(whole), whole.fc.in_features, 3
    if architecture == "densenet121":
        return nn.Sequential(whole.features, nn.ReLU()), whole.classifier.in_features, 3
    width = {"vgg16": 512, "mobilenet_v2": 1280}[architecture]
    return nn.Sequential(speed_up(whole.features)), width, 3


class _Residual(nn.Module):
    """A ResNet without its pooling and classifier, its parts under torchvision's names."""

    PARTS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")

    def __init__(self, whole: nn.Module) -> None:
        super().__init__()
        for name in self.PARTS:
            self.add_module(name, getattr(whole, name))

    def forward(self, images: Tensor) -> Tensor:
        for name in self.PARTS:
            images = getattr(self, name)(images)
        return images


def _conv5() -> nn.Module:
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
