"""Pictures of the mapped images, larger than thumbnails, in a folder beside the page."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from cxr.core.errors import InputError
from cxr.core.io import write_json
from cxr.explorer.packing import PICTURES_INDEX
from cxr.explorer.thumbnails import SAMPLE, sample
from cxr.images.canonical import Square, fill_cache

log = logging.getLogger("cxr")

SIDE = 512
QUALITY = 80


def write_pictures(
    clusters: pd.DataFrame,
    cohort: pd.DataFrame,
    roots: Mapping[str, Path],
    folder: Path,
    square: Square,
    seed: int,
) -> None:
    """Writes a JPEG of 512 pixels of each mapped image, of many images of a sample.

    Parameters
    ----------
    clusters : DataFrame
        `image_id, x, y, cluster` of the images that may get one.
    cohort : DataFrame
        `image_id, source, file`.
    roots : mapping
        The folder of each source.
    folder : Path
        Gets the pictures, named by number since ids may hold anything, and `index.json`, whose
        `files` name each image's. An image that can no longer be read has none.
    square : "crop", "stretch" or "pad"
        As in `cxr.images.canonical.canonical`.
    seed : int
    """
    image_ids = sample(clusters, SAMPLE, SAMPLE, seed)
    rows = cohort.set_index("image_id").loc[image_ids]
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.empty((1, SIDE, SIDE), np.uint8)
    index = {}
    for number, image_id in enumerate(image_ids):
        name = f"{number:05d}.jpg"
        try:
            fill_cache(rows.iloc[[number]], roots, pixels, square, threads=1)
        except InputError as error:
            log.warning("no picture of %s: %s", image_id, error)
            continue
        Image.fromarray(pixels[0]).save(folder / name, quality=QUALITY, optimize=True)
        index[image_id] = name
    write_json({"files": index}, folder / PICTURES_INDEX)
