"""Pictures of the mapped images, larger than thumbnails, in a folder beside the page."""

import logging
from pathlib import Path

import pandas as pd
from PIL import Image

from cxr.core.io import write_json
from cxr.core.progress import Progress
from cxr.explorer.packing import PICTURES_INDEX
from cxr.explorer.thumbnails import SAMPLE, sample
from cxr.images.canonical import SourceImages, Square, canonical
from cxr.images.decode import UnusableImage, decoded, locate, to_grey
from cxr.images.hiding import hide

log = logging.getLogger("cxr")

SIDE = 512
QUALITY = 80


def write_pictures(
    clusters: pd.DataFrame,
    cohort: pd.DataFrame,
    files: SourceImages,
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
    files : SourceImages
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
    index = {}
    progress = Progress(len(rows), "pictures")
    for number, (image_id, row) in enumerate(rows.iterrows()):
        try:
            with decoded(locate(files.roots[row["source"]], row["file"])) as image:
                grey = hide(to_grey(image), files.hidden.get(image_id, ()))
        except UnusableImage as error:
            log.warning("no picture of %s: %s", image_id, error)
            continue
        finally:
            progress.step()
        picture = canonical(grey, SIDE, square)
        index[image_id] = f"{number:05d}.jpg"
        Image.fromarray(picture).save(folder / index[image_id], quality=QUALITY, optimize=True)
    write_json({"files": index}, folder / PICTURES_INDEX)
