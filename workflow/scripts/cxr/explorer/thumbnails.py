"""Small pictures of the images, many to a sheet."""

import base64
import io
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

# All images have one up to here; of more a sample has.
MOST = 5000
SAMPLE = 1500
# A sheet of JPEG holds so many; the browser decodes a sheet when it first shows one of it.
PER_SHEET = 100
LARGE, SMALL, LARGE_UP_TO = 64, 32, 1000
QUALITY = 70


def sample(clusters: pd.DataFrame, most: int, size: int, seed: int) -> list[str]:
    """The images that get a thumbnail.

    Parameters
    ----------
    clusters : DataFrame
        `image_id, x, y, cluster`.
    most : int
        Up to so many images all get one.
    size : int
        Above it so many do: of each cluster, and of the outliers, its share by
        chance, and always the image next to its centre.
    seed : int

    Returns
    -------
    list of str
        Sorted.
    """
    if len(clusters) <= most:
        return sorted(clusters["image_id"])
    rng = np.random.default_rng(seed)
    chosen: set[str] = set()
    for _, members in clusters.groupby("cluster"):
        centred = members[["x", "y"]] - members[["x", "y"]].median()
        chosen.add(members["image_id"].loc[centred.pow(2).sum(axis=1).idxmin()])
        share = math.ceil(size * len(members) / len(clusters))
        chosen |= set(rng.choice(members["image_id"].to_numpy(), share, replace=False))
    return sorted(chosen)


def sheets(images: np.ndarray, rows: Sequence[int]) -> dict[str, Any]:
    """Thumbnails of some images, as JPEG sheets.

    Parameters
    ----------
    images : uint8 array, shape (n, side, side)
        Canonical images.
    rows : sequence of int
        Those to show, in order.

    Returns
    -------
    dict
        `side` of a thumbnail in pixels, `columns` of a sheet, `per_sheet`, and
        `sheets`: addresses of the pictures, thumbnails row by row.
    """
    side = min(images.shape[1], LARGE if len(rows) <= LARGE_UP_TO else SMALL)
    columns = math.isqrt(PER_SHEET)
    return {
        "side": side,
        "columns": columns,
        "per_sheet": PER_SHEET,
        "sheets": [_address(sheet) for sheet in _sheets(images, rows, side, columns)],
    }


def _sheets(
    images: np.ndarray, rows: Sequence[int], side: int, columns: int
) -> Iterator[Image.Image]:
    for start in range(0, len(rows), PER_SHEET):
        part = rows[start : start + PER_SHEET]
        size = (side * min(columns, len(part)), side * math.ceil(len(part) / columns))
        sheet = Image.new("L", size)
        for place, row in enumerate(part):
            small = Image.fromarray(images[row]).resize((side, side), Image.Resampling.LANCZOS)
            sheet.paste(small, (side * (place % columns), side * (place // columns)))
        yield sheet


def _address(sheet: Image.Image) -> str:
    data = io.BytesIO()
    sheet.save(data, "JPEG", quality=QUALITY, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode('ascii')}"
