"""Looking at every image of a source once."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.parallel import in_threads
from cxr.images.decode import UnusableImage, decode, locate, to_grey
from cxr.images.quality import MEASURES, quality_flags, quality_measures, rejection_reason
from cxr.metadata.schema import SCHEMA, Reading, combine, rejections

FILE_COLUMNS = ("width", "height", "format", "sha256")


def channel_count(image: Image.Image) -> int:
    """Channels of an image file: 1 for grey, 3 for colour, one more with transparency."""
    grey = Image.getmodebase(image.mode) == "L"
    return (1 if grey else 3) + image.has_transparency_data


def _saturation(image: Image.Image) -> float:
    """Mean saturation of the colours, 0 to 1; that of near-black pixels is noise and counts 0."""
    if image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I"):
        return 0.0
    colours = np.asarray(image.convert("RGB").convert("HSV"))
    return float((colours[..., 1] * (colours[..., 2] > 40)).mean()) / 255


def inspect_images(
    reading: Reading, root: Path, min_side: int, threads: int
) -> tuple[Reading, pd.DataFrame]:
    """Decodes every image of a source once and looks at it.

    Parameters
    ----------
    reading : Reading
        What the source's reader found.
    root : Path
        The source's folder.
    min_side : int
        Smallest usable side, pixels.
    threads : int
        Images decoded at a time.

    Returns
    -------
    reading : Reading
        The usable rows with width, height, format (what the file is, whatever its
        name says) and sha256, and a rejection for each of the others besides those
        that `reading` has.
    quality : DataFrame
        For each usable row `image_id`, `channel_count` of the file, the measures of
        `cxr.images.quality` and `flags`.
    """

    def look(file: str) -> dict[str, Any] | str:
        try:
            path = locate(root, file)
            image = decode(path)
            grey = to_grey(image)
        except UnusableImage as error:
            return str(error)
        height, width = grey.shape
        if min(width, height) < min_side:
            return f"smaller than {min_side} pixels"
        measures = quality_measures(grey, _saturation(image))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kind = (image.format or "").lower() or None
        seen = {"width": width, "height": height, "format": kind, "sha256": digest}
        seen["bands"] = channel_count(image)
        return rejection_reason(grey, measures) or {
            **seen,
            **measures,
            "flags": quality_flags(measures),
        }

    rows = reading.rows
    seen = list(in_threads(look, list(rows["file"]), threads))
    usable = np.array([not isinstance(result, str) for result in seen], dtype=bool)
    kept = rows.loc[usable]
    found = pd.DataFrame(
        [result for result in seen if not isinstance(result, str)],
        columns=[*FILE_COLUMNS, "bands", *MEASURES, "flags"],
        index=kept.index,
    )
    quality = found[["bands", *MEASURES, "flags"]]
    quality.insert(0, "image_id", kept["image_id"])
    kept = kept.assign(**found[list(FILE_COLUMNS)]).astype(SCHEMA)
    bad = rows.loc[~usable]
    reasons = [result for result in seen if isinstance(result, str)]
    rejected = rejections(bad["source"], bad["file"], "image", reasons)
    measured = combine([reading.without_rows(), Reading.of(kept, rejected)])
    return measured, quality.sort_values("image_id", ignore_index=True)
