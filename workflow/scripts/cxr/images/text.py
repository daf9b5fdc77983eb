"""Burned-in words and markers: small bright marks on darker ground."""

import numpy as np
from PIL import Image

# Side at which text is searched: strokes keep their shape, and the cost is bounded.
TEXT_SIDE = 512
BRIGHT, DARK = 245, 150


def text_share(grey: np.ndarray) -> float:
    """Share of the area that small bright marks on darker ground cover.

    Parameters
    ----------
    grey : uint8 array, shape (height, width)
    """
    from scipy.ndimage import find_objects, label

    image = Image.fromarray(grey)
    image.thumbnail((TEXT_SIDE, TEXT_SIDE), Image.Resampling.BILINEAR)
    small = np.asarray(image)
    height, width = small.shape
    marks, _ = label(small >= BRIGHT)
    areas = np.bincount(marks.ravel())[1:]
    covered = 0
    for area, (rows, columns) in zip(areas, find_objects(marks), strict=True):
        tall, wide = rows.stop - rows.start, columns.stop - columns.start
        if not (4 <= tall <= 0.08 * height and 2 <= wide <= 0.12 * width and area >= 8):
            continue
        surrounding = (
            slice(max(rows.start - 2, 0), rows.stop + 2),
            slice(max(columns.start - 2, 0), columns.stop + 2),
        )
        background = small[surrounding][marks[surrounding] == 0]
        if background.size and np.median(background) < DARK:
            covered += int(area)
    return covered / small.size
