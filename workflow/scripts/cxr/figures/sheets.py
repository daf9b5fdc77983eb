"""Contact sheets: a query and the images that are most similar to it."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cxr.figures.style import INK, PALETTE, WIDTH_MM, figure, short
from cxr.similarity.sheets import Sheet

COLUMNS = 12
LEGEND = 5  # classes in a line
TITLE, ROW, COLUMN, GAP = 6.0, 15.5, 12.1, 3.5  # millimetres
SHOWN = 8 / 9  # of a column; the rest parts it from the next


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
    lines = math.ceil(len(classes) / LEGEND)
    height = 5.0 * lines + sum(TITLE + ROW * count for count in rows)
    drawn = figure(height, constrained=False)
    ax = drawn.add_axes((0, 0, 1, 1))
    # In millimetres, downwards.
    ax.set(xlim=(0, WIDTH_MM), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()
    for place, name in enumerate(classes):
        x, y = 2 + (place % LEGEND) * (WIDTH_MM / LEGEND), 5.0 * (place // LEGEND)
        ax.add_patch(Rectangle((x, y + 1), 2.6, 2.6, color=colour(name, classes)))
        ax.text(x + 4, y + 2.3, short(name, 24), va="center", fontsize=6.5)
    top = 5.0 * lines
    for (name, sheet), count in zip(sheets.items(), rows, strict=True):
        ax.text(2, top + 3, short(name, 110), va="center", fontsize=7, fontweight="bold")
        big = 2 * ROW - GAP
        _strip(ax, (2, top + TITLE), big, [sheet.query_id], records, pictures, classes)
        for line in range(0, len(sheet.neighbour_ids), COLUMNS):
            corner = (big + 6, top + TITLE + line // COLUMNS * ROW)
            some = sheet.neighbour_ids[line : line + COLUMNS]
            _strip(ax, corner, COLUMN * SHOWN, some, records, pictures, classes)
        top += TITLE + ROW * count
    return drawn


def _strip(
    ax: Axes,
    place: tuple[float, float],
    side: float,
    images: Sequence[str],
    records: pd.DataFrame,
    pictures: Mapping[str, np.ndarray],
    classes: Sequence[str],
) -> None:
    """Some images in a line from a place (left, top) on, as one picture: many would be large."""
    x, y = place
    step = side / SHOWN
    pixels = len(pictures[images[0]])
    gap = np.full((pixels, round(pixels / SHOWN) - pixels), 255, dtype=np.uint8)
    cells = np.hstack([part for image in images for part in (pictures[image], gap)])
    right = x + step * len(images)
    extent = (x, right, y + side, y)
    ax.imshow(cells, cmap="gray", vmin=0, vmax=255, interpolation="none", extent=extent)
    for number, image in enumerate(images):
        row = records.loc[image] if image in records.index else None
        border = INK if row is None else colour(row["class"], classes)
        left = x + number * step
        ax.add_patch(Rectangle((left, y), side, side, fill=False, ec=border, lw=1.8))
        words = _told(row)
        ax.text(left + side / 2, y + side + 1.6, words, ha="center", va="center", fontsize=4.6)


def _told(row: pd.Series | None) -> str:
    """What is told of an image: of a new one nothing is known."""
    if row is None:
        return "query"
    told = [short(str(row["country"]), 12)] if pd.notna(row["country"]) else []
    if pd.notna(row["severity_extent"]):
        told.append(f"{row['severity_extent']:.1f}")
    return " ".join(told)


def colour(name: str, classes: Sequence[str]) -> str:
    """The colour of a class."""
    return PALETTE[list(classes).index(name) % len(PALETTE)]
