"""The lungs of a cohort's images: a study's own masks, and found ones where there is none."""

import logging
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from threadpoolctl import threadpool_limits

from cxr.core.io import new_array
from cxr.core.parallel import in_threads
from cxr.images.canonical import Square, squared
from cxr.images.decode import UnusableImage, decoded, locate, to_grey
from cxr.images.lungs import lung_masks
from cxr.images.rows import blocks, release
from cxr.sources.image_files import ImageFiles

log = logging.getLogger("cxr")

OWN, FOUND, USUAL = "own mask", "found", "usual place"
# A mask with more grey values than these few is a picture that was smoothed or compressed.
LABELS = 8
# Images whose lungs are found at a time, and by one thread.
BLOCK, PIECE = 512, 32


def write_lungs(
    cohort: pd.DataFrame,
    metadata: pd.DataFrame,
    roots: Mapping[str, Path],
    images: np.ndarray,
    path: str | Path,
    square: Square,
    threads: int,
) -> pd.DataFrame:
    """Writes the lung masks of a cohort's canonical images.

    A mask of the study's own counts where it can be used, see `read_mask`; the lungs of the
    other images are found, see `cxr.images.lungs`.

    Parameters
    ----------
    cohort : DataFrame, n rows
        `image_id, source, file`.
    metadata : DataFrame
        `image_id, mask, width, height`; `mask` is relative to the source's folder, or null.
    roots : mapping
        The folder of each source.
    images : uint8 array, shape (n, size, size)
    path : path
        The .npy file to write: bool of shape (n, size, size).
    square : "crop", "stretch" or "pad"
        How the images became square.
    threads : int
        Masks decoded, and pieces of the images searched, at a time.

    Returns
    -------
    DataFrame
        `image_id, origin` (own mask, found, or usual place, where no lungs are found), and
        `problem`, why an image's own mask is not used, else null.
    """
    origins = np.full(len(cohort), FOUND, dtype=object)
    problems: list[str | None] = [None] * len(cohort)
    rows = metadata.set_index("image_id").loc[cohort["image_id"]]
    with new_array(path, images.shape, np.bool_) as lungs:
        for number, part in enumerate(blocks(images, BLOCK)):
            block = slice(number * BLOCK, (number + 1) * BLOCK)
            lungs[block], segmented = _found(part, threads)
            origins[block] = np.where(segmented, FOUND, USUAL)
            release(lungs)
        for at, mask in _own_masks(rows, roots, square, images.shape[1], threads):
            if isinstance(mask, str):
                problems[at] = f"{rows['mask'].iloc[at]}: {mask}"
            else:
                lungs[at], origins[at] = mask, OWN
    unused = [problem for problem in problems if problem is not None]
    if unused:
        named = int(rows["mask"].notna().sum())
        log.warning("%d of %d masks are not used, the first is %s", len(unused), named, unused[0])
    table = pd.DataFrame({"image_id": cohort["image_id"].to_list(), "origin": origins})
    return table.assign(problem=pd.Series(problems, dtype="str"))


def _found(images: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """As `lung_masks`, some images a thread; the threads of BLAS would wait for each other."""
    pieces = [images[start : start + PIECE] for start in range(0, len(images), PIECE)]
    with threadpool_limits(1), ThreadPoolExecutor(max(1, threads)) as pool:
        masks, segmented = zip(*pool.map(lung_masks, pieces), strict=True)
    return np.concatenate(masks), np.concatenate(segmented)


def _own_masks(
    rows: pd.DataFrame, roots: Mapping[str, Path], square: Square, size: int, threads: int
) -> Iterator[tuple[int, np.ndarray | str]]:
    """The place among the rows, and the mask or why there is none, of each that names one."""
    named = np.flatnonzero(rows["mask"].notna()).tolist()
    files = {source: ImageFiles(roots[source]) for source in rows["source"].iloc[named].unique()}

    def read(at: int) -> np.ndarray | str:
        row = rows.iloc[at]
        found = files[row["source"]].find(row["mask"])
        if found.problem is not None or found.file == row["file"]:
            return found.problem or "the mask is the image itself"
        shape = int(row["height"]), int(row["width"])
        try:
            return read_mask(locate(roots[row["source"]], found.file), shape, square, size)
        except UnusableImage as error:
            return str(error)

    yield from zip(named, in_threads(read, named, threads), strict=True)


def read_mask(path: Path, shape: tuple[int, int], square: Square, size: int) -> np.ndarray:
    """A mask of lungs from a file, for a canonical image; bool of shape (size, size).

    Of a mask with few grey values all but 0 is lung, of another one what is brighter than
    half of its brightest pixel.

    Parameters
    ----------
    path : Path
    shape : tuple of int
        Height and width of the image, pixels; the mask must have the same.
    square : "crop", "stretch" or "pad"
        As of `cxr.images.canonical.canonical`.
    size : int

    Raises
    ------
    UnusableImage
        If it can't be read, has another size, or no lung or nothing but lung is in it.
    """
    with decoded(path) as image:
        grey = to_grey(image)
    if grey.shape != shape:
        theirs, ours = (f"{width} x {height} pixels" for height, width in (grey.shape, shape))
        raise UnusableImage(f"it has {theirs}, its image {ours}")
    least = 0 if len(np.unique(grey)) <= LABELS else int(grey.max()) // 2
    picture = Image.fromarray(np.where(grey > least, 255, 0).astype(np.uint8))
    mask = np.asarray(squared(picture, size, square)) > 127
    if not mask.any():
        raise UnusableImage("no lung is in the mask")
    if mask.all():
        raise UnusableImage("nothing but lung is in the mask")
    return mask
