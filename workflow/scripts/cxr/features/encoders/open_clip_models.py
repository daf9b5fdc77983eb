"""Networks in the layout of open_clip whose part for images is one of timm's, as BiomedCLIP's."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxr.core.io import read_json
from cxr.core.state_dict import read_state_dict

if TYPE_CHECKING:
    from torch import Tensor

OPEN_CLIP = "open_clip_config.json"
TRUNK, PROJECTION = "visual.trunk.", "visual.head.proj.weight"
# Of CLIP, where a config names no others.
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def build_open_clip(folder: Path, weights: Path) -> Any:
    """The part for images with its projection: the features that open_clip gives an image.

    Parameters
    ----------
    folder : Path
        With `open_clip_config.json`.
    weights : Path
        Those of the whole network.

    Returns
    -------
    Module
        A network of timm, whose output for classes is the projection.

    Raises
    ------
    ValueError
        If the part for images is another one, or its images are not cropped.
    """
    import timm

    config = read_json(folder / OPEN_CLIP)
    model, steps = config["model_cfg"], config.get("preprocess_cfg", {})
    vision = model["vision_cfg"]
    name, projection = vision.get("timm_model_name"), vision.get("timm_proj", "linear")
    if name is None or projection != "linear" or vision.get("timm_proj_bias"):
        raise ValueError("of open_clip's networks those are read that timm has, with a projection")
    if steps.get("resize_mode", "shortest") != "shortest":
        raise ValueError(f"its images are prepared by {steps['resize_mode']}, not by cropping")
    size = int(vision["image_size"])
    cfg = {
        "input_size": (3, size, size),
        "mean": tuple(steps.get("mean") or MEAN),
        "std": tuple(steps.get("std") or STD),
        "interpolation": steps.get("interpolation", "bicubic"),
        "crop_pct": 1.0,
        "crop_mode": "center",
    }
    pool = {"global_pool": vision["timm_pool"]} if vision.get("timm_pool") else {}
    network = timm.create_model(
        name,
        pretrained=False,
        num_classes=int(model["embed_dim"]),
        pretrained_cfg_overlay=cfg,
        **pool,
    )
    network.load_state_dict(_of_images(read_state_dict(weights), network))
    return network


def _of_images(state: Mapping[str, "Tensor"], network: Any) -> dict[str, "Tensor"]:
    """The weights of the part for images, by timm's names."""
    import torch

    head = network.pretrained_cfg["classifier"]
    kept = {
        name.removeprefix(TRUNK): value for name, value in state.items() if name.startswith(TRUNK)
    }
    projection = state[PROJECTION]
    return kept | {f"{head}.weight": projection, f"{head}.bias": torch.zeros(len(projection))}
