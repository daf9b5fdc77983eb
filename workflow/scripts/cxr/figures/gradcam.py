"""Panels of images with their Grad-CAM."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cxr.figures.style import PALETTE, figure, short


def panels(
    examples: pd.DataFrame, pictures: Sequence[np.ndarray], classes: Sequence[str], count: int
) -> Figure:
    """The most confident correct and incorrect test images of each class with their Grad-CAM.

    Parameters
    ----------
    examples : DataFrame, m rows
        As `cxr.evaluation.gradcam.select_examples` makes it.
    pictures : sequence of uint8 arrays, shape (h, w, 3)
        Their images with the Grad-CAM of the predicted class over them.
    classes : sequence of str
    count : int
        Correct ones, and as many incorrect ones, of each class.
    """
    fig = figure(12 + 180 / (2 * count) * 1.3 * len(classes))
    axes = fig.subplots(len(classes), 2 * count, squeeze=False)
    for ax in axes.ravel():
        ax.set_axis_off()
    position = {name: row for row, name in enumerate(classes)}
    for (_, row), picture in zip(examples.iterrows(), pictures, strict=True):
        column = row["rank"] + (0 if row["correct"] else count)
        ax = axes[position[row["class"]], column]
        ax.imshow(picture, interpolation="none")
        outcome = "correct" if row["correct"] else f"predicted {short(row['predicted'], 16)}"
        colour = PALETTE[0] if row["correct"] else PALETTE[2]
        title = f"{short(row['class'], 16)}\n{outcome}\nconfidence {row['confidence']:.0%}"
        ax.set_title(title, color=colour, size=6)
    return fig
