"""Contact sheets: a query and the images that are most similar to it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cxr.figures.style import INK, PALETTE, figure, short
from cxr.similarity.sheets import Sheet

COLUMNS = 12


def contact(
    sheets: Mapping[str, Sheet],
    records: pd.DataFrame,
    pictures: Mapping[str, np.ndarray],
    classes: Sequence[str],
) -> Figure:
    """One sheet a class: the query at the left, its neighbours row by row, nearest first.

    Borders have the colour of the class; below an image stand its country and, where it was
    scored, the extent of its disease.

    Parameters
    ----------
    sheets : mapping of str to Sheet
        By what they are called.
    records : DataFrame
        Indexed by image_id: `class, country, severity_extent`.
    pictures : mapping of str to uint8 array, shape (side, side)
        By image_id.
    classes : sequence of str
        In the order of their colours.
    """
    rows = [max(2, math.ceil(len(sheet.neighbour_ids) / COLUMNS)) for sheet in sheets.values()]
    unit = 180 / (COLUMNS + 3.1)
    heights = [1.28 * unit * count + 7 for count in rows]
    drawn = figure(sum(heights) + 9, constrained=False)
    whole = sum(heights) + 9
    top = whole - 6
    for place, name in enumerate(classes):
        words = short(name, 24)
        x = 0.012 + 0.97 * place / max(len(classes), 5)
        drawn.text(x + 0.016, 1 - 3 / whole, words, va="center", fontsize=6.5)
        box = Rectangle((x, 1 - 4.2 / whole), 0.011, 2.4 / whole, color=colour(name, classes))
        drawn.add_artist(box)
    for (name, sheet), height in zip(sheets.items(), heights, strict=True):
        drawn.text(
            0.01, (top - 3) / whole, short(name, 110), fontsize=7, fontweight="bold", va="center"
        )
        _draw(drawn, sheet, records, pictures, classes, top - 6, unit, whole)
        top -= height
    return drawn


def _draw(
    drawn: Figure,
    sheet: Sheet,
    records: pd.DataFrame,
    pictures: Mapping[str, np.ndarray],
    classes: Sequence[str],
    top: float,
    unit: float,
    whole: float,
) -> None:
    def place(x: float, y: float, side: float) -> Axes:
        return drawn.add_axes((x / 180, y / whole, side / 180, side / whole))

    big = 2.1 * unit
    _picture(place(2, top - big, big), sheet.query_id, records, pictures, classes, "query")
    for number, image in enumerate(sheet.neighbour_ids):
        row, column = divmod(number, COLUMNS)
        x = 2 + big + 0.5 * unit + column * unit
        y = top - (row + 1) * 1.28 * unit + 0.33 * unit
        _picture(place(x, y, 0.92 * unit), image, records, pictures, classes, "")


def _picture(
    ax: Axes,
    image: str,
    records: pd.DataFrame,
    pictures: Mapping[str, np.ndarray],
    classes: Sequence[str],
    words: str,
) -> None:
    ax.imshow(pictures[image], cmap="gray", vmin=0, vmax=255, interpolation="none")
    ax.set(xticks=[], yticks=[])
    row = records.loc[image] if image in records.index else None
    ax.spines[:].set_visible(True)
    ax.spines[:].set(color=INK if row is None else colour(row["class"], classes), linewidth=1.8)
    told = [words]
    if row is not None and pd.notna(row["country"]):
        told.append(short(str(row["country"]), 12))
    if row is not None and pd.notna(row["severity_extent"]):
        told.append(f"{row['severity_extent']:.1f}")
    ax.set_xlabel(" ".join(word for word in told if word), fontsize=4.6, labelpad=1.5)


def colour(name: str, classes: Sequence[str]) -> str:
    """The colour of a class."""
    return PALETTE[list(classes).index(name) % len(PALETTE)]
