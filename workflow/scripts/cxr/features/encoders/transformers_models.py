"""Encoders in the layout of transformers, and their processors."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from cxr.core.errors import InputError
from cxr.core.io import read_json
from cxr.core.zip_bounds import require_stored
from cxr.features.encoders.loaded import LoadedEncoder, dimension_of
from cxr.features.encoders.packages import loading, versions_of
from cxr.features.encoders.pixels import colour_image
from cxr.features.encoders.tokens import class_token, mean_of_patches

if TYPE_CHECKING:
    from torch import Tensor, nn

LOCAL: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
# Parts of a network whose weights a file may lack: they make the pooled output alone.
POOLERS = ("pooler", "head")
# What a processor's settings say of its steps.
STEPS = ("size", "crop_size", "resample", "rescale_factor", "image_mean", "image_std")
TRIAL = (640, 480)  # width and height of the image whose preprocessing says the input's shape


def load_transformers(settings: Mapping[str, Any], folder: Path) -> LoadedEncoder:
    """A vision network; of one with texts (CLIP, SigLIP) the part for images.

    Its feature is by default what the library calls the features of an image, or its pooled
    output: DINOv2's class token after the last normalisation, SigLIP's attention pooling, CLIP's
    projection.

    Parameters
    ----------
    settings, folder
        As of `cxr.features.encoders.load.load_encoder`.
    """
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with loading(folder, "transformers"):
        _require_plain(folder)
        config = transformers.AutoConfig.from_pretrained(folder, **LOCAL)
        processor = transformers.AutoImageProcessor.from_pretrained(folder, **LOCAL)
        network, has_pooler = _network(config, settings["pooling"], folder)
        network.eval().requires_grad_(False)
        inner = getattr(config, "vision_config", config)
        channels = int(getattr(inner, "num_channels", 3))
        transform = _Transform(processor)
        shape = transform(Image.new("RGB" if channels == 3 else "L", TRIAL)).shape
        patch = _patch_size(inner)
        forward = _forward(network, settings["pooling"], has_pooler, shape, patch, folder)
        dimension = dimension_of(forward, shape, folder)
    return LoadedEncoder(
        network=network,
        forward=forward,
        dimension=dimension,
        input_shape=(int(shape[0]), int(shape[1]), int(shape[2])),
        least_side=patch,
        read=partial(_read, channels=channels),
        transform=transform,
        description={
            "library": "transformers",
            "versions": versions_of("transformers", "torch", "torchvision", "pillow"),
            "architecture": type(network).__name__,
            "feature": settings["pooling"] or "the library's features of an image",
            "dimension": dimension,
            "input": [int(length) for length in shape],
            "channels": "RGB; of a grey image thrice the same" if channels == 3 else "grey",
            **_steps(processor),
            "depth": "of the original file, 8 bits a channel; of more its own range, of DICOM "
            "its window",
        },
    )


def _read(path: Path, hidden: Any, *, channels: int) -> Image.Image:
    return colour_image(path, channels, hidden)


def _require_plain(folder: Path) -> None:
    """Raises where files ask for code, or expand when they are read."""
    pending = [read_json(folder / "config.json")]
    while pending:
        settings = pending.pop()
        for key, value in settings.items():
            if key == "quantization_config":
                raise ValueError("its weights are quantised; name the model that they were made of")
            if key.endswith("attn_implementation") and "/" in str(value):
                raise ValueError(f"its config asks for the code of {value}, which is not run")
            if isinstance(value, dict):
                pending.append(value)
    for path in folder.glob("*.bin"):
        require_stored(path)


def _network(config: Any, pooling: str | None, folder: Path) -> tuple["nn.Module", bool]:
    """The network with its weights, and whether these make a pooled output, too."""
    import torch
    import transformers

    projected = (getattr(config, "architectures", None) or [""])[0].endswith("WithProjection")
    kinds: dict[str, Any] = {
        "clip": transformers.CLIPVisionModelWithProjection,
        "clip_vision_model": transformers.CLIPVisionModelWithProjection
        if projected
        else transformers.CLIPVisionModel,
        "siglip": transformers.SiglipVisionModel,
    }
    kind: Any = kinds.get(config.model_type, transformers.AutoModel)
    if pooling is not None and config.model_type.startswith("clip"):
        kind = transformers.CLIPVisionModel
    options = {**LOCAL, "dtype": torch.float32, "output_loading_info": True}
    if kind is not transformers.AutoModel and hasattr(config, "vision_config"):
        options["config"] = config.vision_config
        # That of the whole counts, which the part's own may not repeat.
        config.vision_config.projection_dim = getattr(config, "projection_dim", None)
    network, info = kind.from_pretrained(folder, **options)
    missing = sorted(info["missing_keys"])
    other = [name for name in missing if not set(name.split(".")) & set(POOLERS)]
    if other:
        raise ValueError(f"{len(other)} of its weights are missing, {other[0]} among them")
    return network, not missing


def _patch_size(config: Any) -> int:
    patch = getattr(config, "patch_size", 1)
    return int(max(patch)) if isinstance(patch, list | tuple) else int(patch)


def _forward(
    network: Any,
    pooling: str | None,
    has_pooler: bool,
    shape: tuple[int, ...],
    patch: int,
    folder: Path,
) -> Callable[["Tensor"], "Tensor"]:
    patches = (shape[1] // patch) * (shape[2] // patch)
    if pooling in ("cls", "mean"):
        pick = class_token if pooling == "cls" else mean_of_patches

        def of_tokens(batch: "Tensor") -> "Tensor":
            tokens = _images_part(network)(pixel_values=batch).last_hidden_state
            prefix = max(0, tokens.shape[1] - patches) if patch > 1 and tokens.ndim == 3 else 0
            return pick(tokens, prefix, folder)

        return of_tokens

    def pooled(batch: "Tensor") -> "Tensor":
        if pooling is None and hasattr(network, "get_image_features"):
            output = network.get_image_features(pixel_values=batch)
            vector = getattr(output, "pooler_output", output)
        else:
            output = _images_part(network)(pixel_values=batch)
            vector = getattr(output, "image_embeds", None)
            if vector is None:
                vector = getattr(output, "pooler_output", None)
        if vector is None or not has_pooler:
            raise InputError(
                f"{folder}: the encoder has no pooled output; set its `pooling` to cls or mean"
            )
        return vector.flatten(1) if vector.ndim == 4 else vector

    return pooled


def _images_part(network: Any) -> Any:
    """The part of a network that sees images, all of one without texts."""
    return network.vision_model if hasattr(network, "text_model") else network


class _Transform:
    """A processor of the library, for one image at a time."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def __call__(self, image: Image.Image) -> np.ndarray:
        pixels = self._processor(images=image, return_tensors="np")["pixel_values"]
        if np.ndim(pixels) != 4 or len(pixels) != 1:
            raise ValueError("its processor makes something else than one image of an image")
        return np.asarray(pixels[0], dtype=np.float32)


def _steps(processor: Any) -> dict[str, Any]:
    settings = processor.to_dict()
    steps = {key: settings[key] for key in STEPS if settings.get(key) is not None}
    if "resample" in steps:
        steps["interpolation"] = Image.Resampling(int(steps.pop("resample"))).name.lower()
    return {"processor": type(processor).__name__, **steps}
