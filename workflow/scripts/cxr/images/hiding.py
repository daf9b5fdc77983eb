"""Painting over parts of an image with what surrounds them."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from PIL import Image

MARGIN = 0.004  # of the long side, beyond each box
PLACE = ("left", "top", "right", "bottom")
# Left, top, right, bottom as shares of the width and the height.
Box = tuple[float, float, float, float]


def hide(grey: np.ndarray, boxes: Iterable[Box]) -> np.ndarray:
    """The image with each box filled smoothly from the pixels around it.

    Filled by pull-push: averages of the pixels outside at rising scales, so that no value
    is darker or brighter than those around. Pixels outside the boxes stay as they are.

    Parameters
    ----------
    grey : array of bytes or floats, shape (height, width)
    boxes : iterable of (left, top, right, bottom)
        Shares of the width and the height.

    Returns
    -------
    array of the same type and shape
        `grey` itself without a box, or where the boxes leave nothing to fill from.

    References
    ----------
    S. J. Gortler et al., "The Lumigraph", SIGGRAPH 1996.
    """
    hidden = covered(grey.shape, boxes)
    if not hidden.any() or hidden.all():
        return grey
    filled = _fill(np.where(hidden, 0, grey).astype(np.float32), (~hidden).astype(np.float32))
    if grey.dtype == np.uint8:
        filled = np.rint(filled).clip(0, 255)
    return np.where(hidden, filled.astype(grey.dtype), grey)


def boxes_by_image(boxes: pd.DataFrame) -> dict[str, list[Box]]:
    """The places of each image's boxes, by image_id."""
    places: dict[str, list[Box]] = {}
    for image_id, *place in boxes[["image_id", *PLACE]].itertuples(index=False):
        places.setdefault(image_id, []).append((place[0], place[1], place[2], place[3]))
    return places


def covered(shape: tuple[int, ...], boxes: Iterable[Box]) -> np.ndarray:
    """The pixels that boxes and a small margin cover, bool of the image's shape."""
    height, width = shape
    mask = np.zeros((height, width), dtype=bool)
    margin = max(1, round(MARGIN * max(height, width)))
    for left, top, right, bottom in boxes:
        rows = slice(max(0, int(top * height) - margin), int(np.ceil(bottom * height)) + margin)
        columns = slice(max(0, int(left * width) - margin), int(np.ceil(right * width)) + margin)
        mask[rows, columns] = True
    return mask


def _fill(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values where the weights are 0 from those of the next coarser scale, float32.

    `values` are 0 where `weights` are.
    """
    height, width = values.shape
    if weights.all():
        return values
    padded = ((0, height % 2), (0, width % 2))
    blocks = (-1, 2, (width + 1) // 2, 2)
    sums = np.pad(values * weights, padded).reshape(blocks).sum(axis=(1, 3))
    counts = np.pad(weights, padded).reshape(blocks).sum(axis=(1, 3))
    known = counts > 0
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=known)
    coarse = Image.fromarray(_fill(means, known.astype(np.float32)))
    size = (2 * coarse.width, 2 * coarse.height)
    finer = np.asarray(coarse.resize(size, Image.Resampling.BILINEAR))[:height, :width]
    return np.where(weights > 0, values, finer)
