"""The networks of torchxrayvision and their preprocessing."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.features.encoders.layouts import XRV_SUFFIXES, files_of_encoder
from cxr.features.encoders.loaded import LoadedEncoder, dimension_of
from cxr.features.encoders.packages import loading, versions_of
from cxr.features.encoders.pickled import read_pickled
from cxr.features.encoders.pixels import deep_grey

if TYPE_CHECKING:
    from torch import Tensor, nn

DENSENET_SIDE, RESNET_SIDE = 224, 512
# What files lack that torch of their time didn't count, and what the features don't read.
COUNTER, THRESHOLDS = "num_batches_tracked", "op_threshs"


def load_torchxrayvision(settings: Mapping[str, Any], folder: Path) -> LoadedEncoder:
    """A DenseNet-121 or ResNet-50; its features are the means over the image before the output.

    Parameters
    ----------
    settings, folder
        As of `cxr.features.encoders.load.load_encoder`.
    """
    names = files_of_encoder(
        "torchxrayvision", [path.name for path in folder.iterdir()], f"{folder}"
    )
    path = next(folder / name for name in names if name.endswith(XRV_SUFFIXES))
    state = read_pickled(path)
    with loading(path, "torchxrayvision"):
        is_resnet = any(name.startswith("model.") or name == "conv1.weight" for name in state)
        network, forward = _resnet(state) if is_resnet else _densenet(state)
        side = RESNET_SIDE if is_resnet else DENSENET_SIDE
        network.eval().requires_grad_(False)
        shape = (1, side, side)
        dimension = dimension_of(forward, shape, path)
    return LoadedEncoder(
        network=network,
        forward=forward,
        dimension=dimension,
        input_shape=shape,
        least_side=1,
        read=deep_grey,
        transform=_Transform(side),
        description={
            "library": "torchxrayvision",
            "versions": versions_of("torchxrayvision", "torch", "scikit-image"),
            "architecture": "ResNet-50" if is_resnet else "DenseNet-121",
            "feature": "mean over the image of the last layer before the output",
            "dimension": dimension,
            "input": list(shape),
            "channels": "grey; of a colour image the first",
            "size": f"centred square at {side} pixels",
            "interpolation": "skimage.transform.resize: bilinear, smoothed before",
            "range": "-1024 to 1024; of 8 bits 0 to 255, of more the image's own range, of DICOM "
            "that of its window",
            "depth": "of the original file, at its own depth",
        },
    )


class _Transform:
    """The library's preprocessing, to a square of a side in pixels."""

    def __init__(self, side: int) -> None:
        from torchxrayvision.datasets import XRayCenterCrop, XRayResizer

        self._crop, self._resize = XRayCenterCrop(), XRayResizer(side)

    def __call__(self, grey: np.ndarray) -> np.ndarray:
        from torchxrayvision.utils import normalize

        scaled = normalize(grey, 255 if grey.dtype == np.uint8 else 1)
        return np.asarray(self._resize(self._crop(scaled[None])), dtype=np.float32)


def _densenet(state: Mapping[str, "Tensor"]) -> tuple["nn.Module", Any]:
    from torchxrayvision.models import DenseNet

    network = DenseNet(num_classes=_classes(state, "classifier.weight"))
    _fill(network, state)
    return network, network.features2


def _resnet(state: Mapping[str, "Tensor"]) -> tuple["nn.Module", Any]:
    import torch
    import torchvision
    from torchxrayvision.models import ResNet

    # Its constructor downloads weights, and unpickles them without a bound.
    network = ResNet.__new__(ResNet)
    torch.nn.Module.__init__(network)
    network.weights = None
    state = {name.removeprefix("model."): value for name, value in state.items()}
    classes = _classes(state, "fc.weight")
    network.model = torchvision.models.resnet50(weights=None, num_classes=classes)
    network.model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    _fill(network.model, state)
    return network, network.features


def _classes(state: Mapping[str, "Tensor"], name: str) -> int:
    if name not in state:
        raise KeyError(f"{name} is missing")
    return int(state[name].shape[0])


def _fill(network: "nn.Module", state: Mapping[str, "Tensor"]) -> None:
    kept = {name: value for name, value in state.items() if name != THRESHOLDS}
    missing, unexpected = network.load_state_dict(kept, strict=False)
    missing = [name for name in missing if not name.endswith(COUNTER)]
    if missing or unexpected:
        raise KeyError(f"{(missing or unexpected)[0]} is {'missing' if missing else 'unknown'}")
