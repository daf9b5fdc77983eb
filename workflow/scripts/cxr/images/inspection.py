"""Which images of a source are usable, and their measures."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.hashing import file_sha256
from cxr.core.parallel import in_threads
from cxr.images.decode import UnusableImage, decoded, locate, strips, to_grey
from cxr.images.quality import MEASURES, quality_flags, quality_measures, rejection_reason
from cxr.metadata.schema import SCHEMA, Reading, combine, rejections

FILE_COLUMNS = ("width", "height", "format", "sha256")


def channel_count(image: Image.Image) -> int:
    """Channels of an image file: 1 for grey, 3 for colour, one more with transparency."""
    grey = Image.getmodebase(image.mode) == "L"
    return (1 if grey else 3) + image.has_transparency_data


def _saturation(image: Image.Image) -> float:
    """Mean saturation, 0 to 1; near-black pixels, whose hue is noise, count as 0."""
    if image.mode in ("1", "L", "LA", "F") or image.mode.startswith("I"):
        return 0.0
    total = 0
    for _, strip in strips(image):
        colours = np.asarray(strip.convert("RGB").convert("HSV"))
        total += int((colours[..., 1] * (colours[..., 2] > 40)).sum())
    return total / (image.width * image.height) / 255


def inspect_images(
    reading: Reading, root: Path, min_side: int, threads: int
) -> tuple[Reading, pd.DataFrame]:
    """Decodes every image of a source once and measures it.

    Parameters
    ----------
    reading : Reading
        As the source's reader returned it.
    root : Path
        The source's folder.
    min_side : int
        Smallest usable side, pixels.
    threads : int
        Images decoded at a time.

    Returns
    -------
    reading : Reading
        The usable rows with width, height, format (of the file's content, not its
        name) and sha256, and a rejection of each other row beside those of `reading`.
    quality : DataFrame
        For each usable row `image_id`, the file's `channel_count` as `bands`, the
        measures of `cxr.images.quality` and `flags`.
    """

    def inspect(file: str) -> dict[str, Any] | str:
        try:
            path = locate(root, file)
            with decoded(path) as image:
                return measure(path, image)
        except UnusableImage as error:
            return str(error)

    def measure(path: Path, image: Image.Image) -> dict[str, Any] | str:
        grey = to_grey(image)
        height, width = grey.shape
        if min(width, height) < min_side:
            return f"smaller than {min_side} pixels"
        measures = quality_measures(grey, _saturation(image))
        return rejection_reason(grey, measures) or {
            "width": width,
            "height": height,
            "format": (image.format or "").lower() or None,
            "sha256": file_sha256(path),
            "bands": channel_count(image),
            **measures,
            "flags": quality_flags(measures),
        }

    rows = reading.rows
    results = list(in_threads(inspect, list(rows["file"]), threads))
    is_usable = np.array([not isinstance(result, str) for result in results], dtype=bool)
    usable, unusable = rows.loc[is_usable], rows.loc[~is_usable]
    inspected = pd.DataFrame(
        [result for result in results if not isinstance(result, str)],
        columns=[*FILE_COLUMNS, "bands", *MEASURES, "flags"],
        index=usable.index,
    )
    quality = inspected[["bands", *MEASURES, "flags"]]
    quality.insert(0, "image_id", usable["image_id"])
    usable = usable.assign(**inspected[list(FILE_COLUMNS)]).astype(SCHEMA)
    reasons = [result for result in results if isinstance(result, str)]
    rejected = rejections(unusable["source"], unusable["file"], "image", reasons)
    measured = combine([reading.without_rows(), Reading.of(usable, rejected)])
    return measured, quality.sort_values("image_id", ignore_index=True)
