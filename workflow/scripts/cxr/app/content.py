"""The document that the page's script works with."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import PIL

from cxr.app.graph import BrowserGraph
from cxr.evaluation.external import OperatingPoint
from cxr.explorer.palette import palettes

# Pillow 13 changed the order of its two passes.
TALL_FIRST = int(PIL.__version__.split(".")[0]) >= 13
RATES = ("sensitivity", "specificity")


def model_document(
    card: Mapping[str, Any], graph: BrowserGraph, point: OperatingPoint, metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """The network's classes, how its images are made, and what was fitted after training.

    Parameters
    ----------
    card : mapping
        The model's card.
    graph : BrowserGraph
    point : OperatingPoint
        Thresholds and calibration, of the validation images.
    metrics : mapping
        As `cxr.evaluation.network` makes them.

    Returns
    -------
    dict
        `classes, tags, image_size, cache_size, square, hide_text, precision`; `tall_first`,
        whether Pillow here reduces the height of tall images first; `calibration`
        (`scale, bias`); `thresholds` of the classes by uncalibrated probability, null where not
        defined, with their `rates`: the sensitivity and specificity of test images.
    """
    per_class = metrics["splits"]["test"]["per_class"]
    return {
        **{name: card[name] for name in ("classes", "image_size", "cache_size", "square")},
        "tags": card.get("tags", []),
        "hide_text": bool(card.get("hide_text", False)),
        "tall_first": TALL_FIRST,
        "precision": graph.precision,
        "calibration": {
            "scale": float(point.calibration.scale),
            "bias": [float(bias) for bias in point.calibration.bias],
        },
        "thresholds": [None if np.isnan(t) else float(t) for t in point.thresholds],
        "rates": [
            {rate: per_class[name]["at_threshold"][rate] for rate in RATES}
            for name in card["classes"]
        ],
    }


def operating_point(predictions: pd.DataFrame, classes: list[str]) -> OperatingPoint:
    """What was fitted on the validation images, from the predictions of all."""
    return OperatingPoint.fit(predictions[predictions["split"] == "validation"], classes)


def page_document(
    facts: Mapping[str, Any],
    model: Mapping[str, Any],
    images: Mapping[str, Any],
    distance: Mapping[str, Any],
) -> dict[str, Any]:
    """All that the script needs, in one document."""
    return {
        "study": facts["study"],
        "name": facts["model"],
        "model": dict(model),
        "images": dict(images),
        "distance": dict(distance),
        "palettes": palettes(),
        "inferno": _inferno(),
    }


def _inferno() -> str:
    """The 256 colours of Grad-CAM, base64 of red, green and blue."""
    from matplotlib import colormaps

    colours = colormaps["inferno"](np.arange(256), bytes=True)[:, :3]
    return base64.b64encode(np.ascontiguousarray(colours).tobytes()).decode("ascii")
