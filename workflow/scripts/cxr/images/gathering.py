"""The pixels of chosen images, gathered from the chunks in which all were inspected."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.core.errors import InputError
from cxr.core.parallel import in_threads
from cxr.images.canonical import SourceImages, Square, canonical
from cxr.images.decode import UnusableImage, locate, read_grey
from cxr.images.duplicates import perceptual_hash
from cxr.images.hiding import hide
from cxr.images.rows import BLOCK, release


@dataclass(frozen=True)
class CohortImages:
    """The canonical images that a cohort is chosen from, in the chunks of their inspection.

    Attributes
    ----------
    places : DataFrame
        By image_id the `chunk` and the `row` in it, and the perceptual `hash`.
    pixels : sequence of uint8 array, shape (n, size, size)
        Of each chunk; memory-mapped.
    files : SourceImages
        What is painted over, and the files of these images. The others' are not opened.
    """

    places: pd.DataFrame
    pixels: Sequence[np.ndarray]
    files: SourceImages

    @classmethod
    def of(
        cls, tables: Sequence[pa.Table], pixels: Sequence[np.ndarray], files: SourceImages
    ) -> Self:
        """The images of chunks, by their tables `image_id, hash` and their pixels."""
        parts = [
            table.select(["image_id", "hash"])
            .to_pandas()
            .assign(chunk=number, row=np.arange(len(table)))
            for number, table in enumerate(tables)
        ]
        return cls(pd.concat(parts).set_index("image_id"), pixels, files)

    def fill(
        self, rows: pd.DataFrame, pixels: np.ndarray, square: Square, threads: int
    ) -> np.ndarray:
        """Writes the canonical pixels of some images into `pixels`.

        Parameters
        ----------
        rows : DataFrame, n rows
            `image_id, source, file`.
        pixels : uint8 array, shape (n, size, size)
            Filled in the order of `rows`.
        square : "crop", "stretch" or "pad"
            How images become square of which something is painted over.
        threads : int
            Of these, images decoded at a time.

        Returns
        -------
        uint64 array, shape (n,)
            The images' perceptual hashes.

        Raises
        ------
        InputError
            If a file can no longer be read: it changed since its metadata was cleaned.
        """
        places = self.places.loc[rows["image_id"]]
        hashes = places["hash"].to_numpy(dtype=np.uint64, copy=True)
        self._gather(places["chunk"].to_numpy(), places["row"].to_numpy(), pixels)
        self._paint(rows, pixels, hashes, square, threads)
        return hashes

    def _gather(self, chunks: np.ndarray, rows: np.ndarray, pixels: np.ndarray) -> None:
        """Copies images from their chunks, one chunk after the other."""
        for number, of_chunk in enumerate(self.pixels):
            wanted = np.flatnonzero(chunks == number)
            for start in range(0, len(wanted), BLOCK):
                block = wanted[start : start + BLOCK]
                pixels[block] = of_chunk[rows[block]]
                release(of_chunk)
                release(pixels)

    def _paint(
        self,
        rows: pd.DataFrame,
        pixels: np.ndarray,
        hashes: np.ndarray,
        square: Square,
        threads: int,
    ) -> None:
        """Makes those images canonical again of which something is painted over."""
        hidden = np.flatnonzero(rows["image_id"].isin(self.files.hidden.keys()))

        def prepare(number: int) -> tuple[np.ndarray, np.uint64]:
            image_id, source, file = rows[["image_id", "source", "file"]].iloc[number]
            grey = hide(_read_again(self.files.roots[source], file), self.files.hidden[image_id])
            return canonical(grey, pixels.shape[1], square), perceptual_hash(grey)

        again = in_threads(prepare, hidden.tolist(), threads)
        for number, (image, hash_) in zip(hidden, again, strict=True):
            pixels[number] = image
            hashes[number] = hash_


def _read_again(root: Path, file: str) -> np.ndarray:
    """The grey pixels of an image that was inspected before."""
    try:
        return read_grey(locate(root, file))
    except UnusableImage as error:
        raise InputError(
            f"{root / file}: {error}, though it was readable before; restore the "
            f"source or delete {root} to obtain it again"
        ) from error
