"""The first images of a review list, each with its reason."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cxr.evaluation.review import SEPARATOR
from cxr.figures.style import empty, figure, short
from cxr.images.canonical import shrink

SHOWN = 20
COLUMNS = 5
ROW_MM = 47
SIDE = 128  # of a picture, pixels
LINE = 26  # characters
MOST_REASONS = 3


def first_pictures(
    table: pd.DataFrame, cohort: pd.DataFrame, images: np.ndarray
) -> dict[str, np.ndarray]:
    """The pictures that `review_sheet` shows, by image_id; none of excluded images.

    Parameters
    ----------
    table : DataFrame
        As `cxr.evaluation.review.review_list` makes it.
    cohort : DataFrame, n rows
        `image_id`.
    images : uint8 array, shape (n, size, size)
    """
    places = pd.Series(np.arange(len(cohort)), index=cohort["image_id"])
    shown = [image for image in _first(table)["image_id"] if image in places.index]
    pictures = {image: np.asarray(images[places[image]]) for image in shown}
    return {
        image: picture if len(picture) <= SIDE else shrink(picture[None], SIDE)[0]
        for image, picture in pictures.items()
    }


def review_sheet(table: pd.DataFrame, pictures: Mapping[str, np.ndarray]) -> Figure:
    """The first twenty images with a reason: rank, image_id, class and reason.

    Parameters
    ----------
    table : DataFrame
        As `cxr.evaluation.review.review_list` makes it.
    pictures : mapping of str to uint8 array, shape (side, side)
        By image_id, as `first_pictures` gives them.
    """
    rows = _first(table)
    lines = max(1, math.ceil(len(rows) / COLUMNS))
    fig = figure(ROW_MM * lines)
    axes = fig.subplots(lines, COLUMNS, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    if rows.empty:
        empty(axes[COLUMNS // 2], "No image has a reason for review.")
    for ax, row in zip(axes, rows.to_dict("records"), strict=False):
        _draw(ax, pictures.get(row["image_id"]))
        ax.set_title(f"{row['rank']}  {_end(row['image_id'])}", size=5.5, fontweight="normal")
        words = "\n".join(_words(row))
        ax.text(0, -0.03, words, transform=ax.transAxes, va="top", size=5.5)
    return fig


def _first(table: pd.DataFrame) -> pd.DataFrame:
    """The first images that have a reason."""
    return table.loc[table["reason"].notna()].head(SHOWN)


def _draw(ax: Axes, picture: np.ndarray | None) -> None:
    """A picture, or a grey square in place of one that is not in the cohort."""
    if picture is None:
        ax.imshow(np.full((1, 1), 240), cmap="gray", vmin=0, vmax=255)
        ax.text(0, 0, "not in the cohort", ha="center", va="center", size=6)
        return
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="none")


def _words(row: Mapping[Hashable, Any]) -> list[str]:
    """The class and the reasons below a picture, as lines."""
    suspected, name = row["suspected_class"], row["class"]
    lines = [] if pd.isna(name) else [short(name, 16)]
    if not pd.isna(suspected):
        lines = [f"{short(name, 14)}: {short(suspected, 14)}?"]
    reasons = row["reason"].split(SEPARATOR)
    more = len(reasons) - MOST_REASONS
    return [*lines, *reasons[:MOST_REASONS], *([f"and {more} more"] if more > 0 else [])]


def _end(image_id: str) -> str:
    """The end of an image_id, which tells images of a source apart."""
    return image_id if len(image_id) <= LINE else f"…{image_id[1 - LINE :]}"
