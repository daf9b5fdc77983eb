"""Contact sheets: queries and the images that are most similar to them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cxr.figures.style import INK, PALETTE, WIDTH_MM, figure, short
from cxr.similarity.sheets import Sheet, select_sheets, sheet_images, titled_sheets

COLUMNS = 12
LEGEND_COLUMNS = 5
TITLE, ROW, COLUMN, GAP, LEGEND = 6.0, 15.5, 12.1, 3.5, 5.0  # heights and widths, millimetres
IMAGE_SHARE = 8 / 9  # of a column; the rest is the gap to the next


def contact(
    sheets: Mapping[str, Sheet],
    records: pd.DataFrame,
    pictures: Mapping[str, np.ndarray],
    classes: Sequence[str],
) -> Figure:
    """One sheet per query: the query at the left, its neighbours row by row, nearest first.

    Borders have the colour of the class; below an image are its country and, where scored,
    the extent of its disease.

    Parameters
    ----------
    sheets : mapping of str to Sheet
        By their titles.
    records : DataFrame
        Indexed by image_id: `class, country, severity_extent`.
    pictures : mapping of str to uint8 array, shape (side, side)
        By image_id.
    classes : sequence of str
        In the order of their colours.
    """
    rows = [max(2, math.ceil(len(sheet.neighbour_ids) / COLUMNS)) for sheet in sheets.values()]
    lines = math.ceil(len(classes) / LEGEND_COLUMNS)
    height = LEGEND * lines + sum(TITLE + ROW * count for count in rows)
    fig = figure(height, constrained=False)
    ax = fig.add_axes((0, 0, 1, 1))
    # In millimetres, downwards.
    ax.set(xlim=(0, WIDTH_MM), ylim=(height, 0), aspect="equal")
    ax.set_axis_off()
    for number, name in enumerate(classes):
        row, column = divmod(number, LEGEND_COLUMNS)
        x, y = 2 + column * (WIDTH_MM / LEGEND_COLUMNS), LEGEND * row
        ax.add_patch(Rectangle((x, y + 1), 2.6, 2.6, color=class_colour(name, classes)))
        ax.text(x + 4, y + 2.3, short(name, 24), va="center", fontsize=6.5)
    top = LEGEND * lines
    for (name, sheet), count in zip(sheets.items(), rows, strict=True):
        ax.text(2, top + 3, short(name, 110), va="center", fontsize=7, fontweight="bold")
        query_side = 2 * ROW - GAP
        _strip(ax, (2, top + TITLE), query_side, [sheet.query_id], records, pictures, classes)
        for line in range(0, len(sheet.neighbour_ids), COLUMNS):
            corner = (query_side + 6, top + TITLE + line // COLUMNS * ROW)
            image_ids = sheet.neighbour_ids[line : line + COLUMNS]
            _strip(ax, corner, COLUMN * IMAGE_SHARE, image_ids, records, pictures, classes)
        top += TITLE + ROW * count
    return fig


def example_sheets(
    neighbours: pd.DataFrame,
    cohort: pd.DataFrame,
    records: pd.DataFrame,
    images: np.ndarray,
    classes: Sequence[str],
) -> dict[str, Figure]:
    """The contact sheets of a study: queries of median, best and worst precision.

    Parameters
    ----------
    neighbours : DataFrame
        `query_id, rank, neighbour_id`.
    cohort : DataFrame, n rows
        `image_id`.
    records : DataFrame
        Indexed by image_id: `class, country, severity_extent`.
    images : uint8 array, shape (n, size, size)
        In the order of the cohort.
    classes : sequence of str
        In the order of their colours.

    Returns
    -------
    dict of str to Figure
        By the names of `cxr.similarity.sheets.KINDS`.
    """
    return {
        kind: contact(
            titled_sheets(sheets, kind),
            records,
            sheet_images(sheets.values(), cohort, images),
            classes,
        )
        for kind, sheets in select_sheets(neighbours, records["class"]).items()
    }


def _strip(
    ax: Axes,
    corner: tuple[float, float],
    side: float,
    image_ids: Sequence[str],
    records: pd.DataFrame,
    pictures: Mapping[str, np.ndarray],
    classes: Sequence[str],
) -> None:
    """Images in a line from a corner (left, top), as one raster: many would make a large file."""
    x, y = corner
    step = side / IMAGE_SHARE
    pixels = len(pictures[image_ids[0]])
    gap = np.full((pixels, round(pixels / IMAGE_SHARE) - pixels), 255, dtype=np.uint8)
    raster = np.hstack([part for image in image_ids for part in (pictures[image], gap)])
    right = x + step * len(image_ids)
    extent = (x, right, y + side, y)
    ax.imshow(raster, cmap="gray", vmin=0, vmax=255, interpolation="none", extent=extent)
    for number, image in enumerate(image_ids):
        row = records.loc[image] if image in records.index else None
        border = INK if row is None else class_colour(row["class"], classes)
        left = x + number * step
        ax.add_patch(Rectangle((left, y), side, side, fill=False, ec=border, lw=1.8))
        text = _caption(row)
        ax.text(left + side / 2, y + side + 1.6, text, ha="center", va="center", fontsize=4.6)


def _caption(row: pd.Series | None) -> str:
    """The text below an image; a new one has no record."""
    if row is None:
        return "query"
    words = [short(str(row["country"]), 12)] if pd.notna(row["country"]) else []
    if pd.notna(row["severity_extent"]):
        words.append(f"{row['severity_extent']:.1f}")
    return " ".join(words)


def class_colour(name: str, classes: Sequence[str]) -> str:
    """The colour of a class."""
    return PALETTE[list(classes).index(name) % len(PALETTE)]
