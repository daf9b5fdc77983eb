"""The architectures of networks.

A new one needs an entry here. Where its convolutions are obtained in a new way
it needs a function in `cxr.networks.architecture.FAMILIES` as well.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """What the workflow has to know of an architecture.

    Attributes
    ----------
    family : str
        How its convolutions are obtained, a key of
        `cxr.networks.architecture.FAMILIES`: `conv5` builds them; of torchvision's model
        of the same name, `features` uses the submodule of that name, `densenet`
        rectifies its outputs, and `resnet` leaves out the classifier.
    width : int
        Channels of the last feature maps.
    channels : int
        Channels of the images: 1, or 3 where ImageNet's are expected.
    imagenet : bool
        Whether torchvision has weights trained on ImageNet.
    """

    family: str
    width: int
    channels: int = 3
    imagenet: bool = True


ARCHITECTURES = {
    "conv5": Architecture("conv5", width=256, channels=1, imagenet=False),
    "vgg16": Architecture("features", width=512),
    "resnet18": Architecture("resnet", width=512),
    "resnet34": Architecture("resnet", width=512),
    "resnet50": Architecture("resnet", width=2048),
    "resnet152": Architecture("resnet", width=2048),
    "densenet121": Architecture("densenet", width=1024),
    "mobilenet_v2": Architecture("features", width=1280),
}
# Those with ImageNet weights.
BACKBONES = tuple(name for name, entry in ARCHITECTURES.items() if entry.imagenet)
