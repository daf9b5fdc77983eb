"""Thumbnails of the images, many to a sheet."""

import base64
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.io import read_table
from cxr.explorer.shown import draw_order

# Up to so many images all have a thumbnail, of more a sample.
ALL_UP_TO = 5000
SAMPLE = 1500
# Thumbnails of a JPEG; the browser decodes a sheet when it first shows one of them.
PER_SHEET = 100
LARGE, SMALL, LARGE_UP_TO = 64, 32, 1000
QUALITY = 70


def mapped_images(paths: Sequence[str | Path]) -> pd.DataFrame:
    """The images of several maps, each once, as on the first map that has it.

    Parameters
    ----------
    paths : sequence of path
        Tables of `image_id, x, y, cluster`.
    """
    maps = pd.concat([read_table(path) for path in paths], ignore_index=True)
    return maps.drop_duplicates("image_id", ignore_index=True)


def sample(clusters: pd.DataFrame, all_up_to: int, size: int, seed: int) -> list[str]:
    """The images that get a thumbnail.

    Parameters
    ----------
    clusters : DataFrame
        `image_id, x, y, cluster`.
    all_up_to : int
        Up to so many images all get one.
    size : int
        Of more images about so many do: of each cluster, and of the outliers, its share at
        random, and always the image next to its centre.
    seed : int

    Returns
    -------
    list of str
        Sorted.
    """
    if len(clusters) <= all_up_to:
        return sorted(clusters["image_id"])
    selected: set[str] = set()
    drawn = clusters.iloc[draw_order(clusters["image_id"], seed)]
    for _, members in drawn.groupby("cluster"):
        centred = members[["x", "y"]] - members[["x", "y"]].median()
        selected.add(members["image_id"].loc[centred.pow(2).sum(axis=1).idxmin()])
        share = math.ceil(size * len(members) / len(clusters))
        selected |= set(members["image_id"].head(share))
    return sorted(selected)


def sheets(images: np.ndarray, rows: Sequence[int]) -> dict[str, Any]:
    """Thumbnails of images, as JPEG sheets.

    Parameters
    ----------
    images : uint8 array, shape (n, side, side)
        Canonical images.
    rows : sequence of int
        Images to show, in order.

    Returns
    -------
    dict
        `side` of a thumbnail in pixels, `columns` of a sheet, `per_sheet`, and
        `sheets`: data addresses of the JPEGs, thumbnails row by row.
    """
    side = min(images.shape[1], LARGE if len(rows) <= LARGE_UP_TO else SMALL)
    columns = math.isqrt(PER_SHEET)
    return {
        "side": side,
        "columns": columns,
        "per_sheet": PER_SHEET,
        "sheets": [_address(sheet) for sheet in _sheets(images, rows, side, columns)],
    }


def thumbnails(
    clusters: pd.DataFrame, cohort: pd.DataFrame, images: np.ndarray, seed: int
) -> dict[str, Any]:
    """The thumbnails of a study's images.

    Parameters
    ----------
    clusters : DataFrame
        `image_id, x, y, cluster` of the images that may get one.
    cohort : DataFrame, n rows
        `image_id`.
    images : uint8 array, shape (n, side, side)
        Canonical images, in the order of the cohort.
    seed : int

    Returns
    -------
    dict
        `image_ids` of the thumbnails, in order, and what `sheets` returns.
    """
    image_ids = sample(clusters, ALL_UP_TO, SAMPLE, seed)
    rows = pd.Series(np.arange(len(cohort)), index=cohort["image_id"]).loc[image_ids]
    return {"image_ids": image_ids, **sheets(images, rows.tolist())}


def _sheets(
    images: np.ndarray, rows: Sequence[int], side: int, columns: int
) -> Iterator[Image.Image]:
    for start in range(0, len(rows), PER_SHEET):
        part = rows[start : start + PER_SHEET]
        size = (side * min(columns, len(part)), side * math.ceil(len(part) / columns))
        sheet = Image.new("L", size)
        for number, row in enumerate(part):
            small = Image.fromarray(images[row]).resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(small, (side * (number % columns), side * (number // columns)))
        yield sheet


def _address(sheet: Image.Image) -> str:
    data = io.BytesIO()
    sheet.save(data, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
