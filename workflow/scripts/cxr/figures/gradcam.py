"""Grad-CAM panels: what a network looks at."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cxr.figures.style import PALETTE, figure, short


def panels(
    chosen: pd.DataFrame, pictures: Sequence[np.ndarray], classes: Sequence[str], count: int
) -> Figure:
    """The surest right and the surest wrong test images of each class with their Grad-CAM.

    Parameters
    ----------
    chosen : DataFrame, m rows
        As `cxr.evaluation.gradcam.select_examples` makes it.
    pictures : sequence of uint8 arrays, shape (h, w, 3)
        Their images with the Grad-CAM of the predicted class over them.
    classes : sequence of str
    count : int
        Right ones, and as many wrong ones, of each class.
    """
    drawn = figure(12 + 180 / (2 * count) * 1.3 * len(classes))
    axes = drawn.subplots(len(classes), 2 * count, squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    position = {name: row for row, name in enumerate(classes)}
    for (_, row), picture in zip(chosen.iterrows(), pictures, strict=True):
        column = row["place"] + (0 if row["right"] else count)
        ax = axes[position[row["class"]], column]
        ax.imshow(picture, interpolation="none")
        words = "right" if row["right"] else f"taken for {short(row['predicted'], 16)}"
        colour = PALETTE[0] if row["right"] else PALETTE[2]
        title = f"{short(row['class'], 16)}\n{words}\nsure: {row['sure']:.0%}"
        ax.set_title(title, color=colour, size=6)
    return drawn
