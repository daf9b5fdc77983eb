"""Encoders of timm: its own by name, or those in its layout on the hub or in a folder."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cxr.core.errors import InputError
from cxr.core.zip_bounds import require_stored
from cxr.features.encoders.loaded import LoadedEncoder, dimension_of
from cxr.features.encoders.open_clip_models import OPEN_CLIP, build_open_clip
from cxr.features.encoders.packages import loading, versions_of
from cxr.features.encoders.pixels import colour_image
from cxr.features.encoders.tokens import class_token, mean_of_patches

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTS = (".safetensors", ".bin", ".pth", ".npz")
CONFIG = "config.json"
MAP = 4  # dimensions of a map: images, channels, height, width


def load_timm(settings: Mapping[str, Any], folder: Path) -> LoadedEncoder:
    """A network without its output for classes; its feature is by default what is before it.

    Of open_clip's (BiomedCLIP) the feature is the projection, which images share with texts.

    Parameters
    ----------
    settings, folder
        As of `cxr.features.encoders.load.load_encoder`.
    """
    import timm

    with loading(folder, "timm"):
        network = _network(settings, folder).eval().requires_grad_(False)
        options = timm.data.resolve_data_config({}, model=network)
        channels, height, width = (int(length) for length in options["input_size"])
        forward = _forward(network, settings["pooling"], folder)
        shape = (channels, height, width)
        dimension = dimension_of(forward, shape, folder)
        transform = _Transform(timm.data.create_transform(**options, is_training=False))
    return LoadedEncoder(
        network=network,
        forward=forward,
        dimension=dimension,
        input_shape=shape,
        least_side=_patch_size(network),
        read=partial(_read, channels=channels),
        transform=transform,
        description={
            "library": "timm",
            "versions": versions_of("timm", "torch", "torchvision", "pillow"),
            "architecture": network.pretrained_cfg.get("architecture"),
            "feature": settings["pooling"] or "the library's pooled output",
            "dimension": dimension,
            "input": list(shape),
            "channels": "RGB; of a grey image thrice the same" if channels == 3 else "grey",
            "size": f"{options['crop_mode']} crop of {options['crop_pct']:g}",
            "interpolation": options["interpolation"],
            "image_mean": list(options["mean"]),
            "image_std": list(options["std"]),
            "depth": "of the original file, 8 bits a channel; of more its own range, of DICOM "
            "its window",
        },
    )


def _read(path: Path, hidden: Any, *, channels: int) -> Image.Image:
    return colour_image(path, channels, hidden)


def _network(settings: Mapping[str, Any], folder: Path) -> Any:
    import timm

    files = sorted(path for path in folder.iterdir() if path.suffix in WEIGHTS)
    if not files:
        raise InputError(f"{folder}: no file of weights ({', '.join(WEIGHTS)}); obtain it again")
    for path in files:
        if path.suffix != ".npz":
            require_stored(path)
    name = settings["model"]
    if (folder / OPEN_CLIP).exists():
        return build_open_clip(folder, files[0])
    if name is not None and "/" not in name:
        overlay = {"file": str(files[0]), "custom_load": files[0].suffix == ".npz"}
        return timm.create_model(
            name, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay
        )
    return timm.create_model(f"local-dir:{folder}", pretrained=True, num_classes=0)


def _patch_size(network: Any) -> int:
    patch = getattr(getattr(network, "patch_embed", None), "patch_size", 1)
    return int(max(patch)) if isinstance(patch, list | tuple) else int(patch)


def _forward(network: Any, pooling: str | None, folder: Path) -> "Callable[[Tensor], Tensor]":
    if pooling is None:
        return network
    if pooling == "pooler":
        return _before_output(network)
    pick = class_token if pooling == "cls" else mean_of_patches
    prefix = int(getattr(network, "num_prefix_tokens", 0))
    if pooling == "cls" and getattr(network, "cls_token", None) is None:
        prefix = 0

    def of_tokens(batch: "Tensor") -> "Tensor":
        output = network.forward_features(batch)
        if output.ndim == MAP and output.shape[-1] == network.num_features:
            output = output.flatten(1, 2)  # some have the channels last
        return pick(output, prefix, folder)

    return of_tokens


def _before_output(network: Any) -> "Callable[[Tensor], Tensor]":
    def pooled(batch: "Tensor") -> "Tensor":
        features: Tensor = network.forward_head(network.forward_features(batch), pre_logits=True)
        return features

    return pooled


class _Transform:
    """A transform of the library as an array."""

    def __init__(self, transform: Callable[[Image.Image], "Tensor"]) -> None:
        self._transform = transform

    def __call__(self, image: Image.Image) -> np.ndarray:
        return np.asarray(self._transform(image).numpy(), dtype=np.float32)
