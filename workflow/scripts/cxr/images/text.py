"""Burned-in words and markers: small bright marks on darker ground."""

import numpy as np
from PIL import Image

# Text is looked for at this size: strokes keep their shape, and the cost is bounded.
TEXT_SIDE = 512
BRIGHT, DARK = 245, 150


def text_share(grey: np.ndarray) -> float:
    """Share of the area that small bright marks on darker ground take."""
    from scipy.ndimage import find_objects, label

    image = Image.fromarray(grey)
    image.thumbnail((TEXT_SIDE, TEXT_SIDE), Image.Resampling.BILINEAR)
    small = np.asarray(image)
    height, width = small.shape
    marks, _ = label(small >= BRIGHT)
    areas = np.bincount(marks.ravel())[1:]
    found = 0
    for area, (rows, columns) in zip(areas, find_objects(marks), strict=True):
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        if not (4 <= tall <= 0.08 * height and 2 <= wide <= 0.12 * width and area >= 8):
            continue
        around = (
            slice(max(rows.start - 2, 0), rows.stop + 2),
            slice(max(columns.start - 2, 0), columns.stop + 2),
        )
        ground = small[around][marks[around] == 0]
        if ground.size and np.median(ground) < DARK:
            found += int(area)
    return found / small.size
