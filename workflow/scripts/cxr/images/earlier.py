"""Images that an earlier job has inspected: what did not change since is not decoded again.

A job's outputs are removed before it is done again, so it leaves a second name of its files in a
folder beside them, which takes no room.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from cxr.core.errors import InputError
from cxr.core.hashing import digest, file_sha256
from cxr.core.io import read_array, read_arrow, read_notes
from cxr.core.software import package_version

FOLDER = "earlier"
MADE_BY = "made_by"
# What decodes, measures and scales.
PACKAGES = ("ImageHash", "numpy", "pillow", "pydicom", "scipy")


def made_by(code: str, settings: Mapping[str, Any]) -> str:
    """What the results depend on beside the images: code, settings and versions, as text."""
    versions = {package: package_version(package) for package in PACKAGES}
    return json.dumps({"code": code, "settings": dict(settings), "versions": versions})


def keep(files: Sequence[str | Path]) -> None:
    """Leaves a second name of finished files, where the file system has such links."""
    for file in map(Path, files):
        kept = file.parent / FOLDER / file.name
        temporary = kept.with_name(f".{file.name}.{os.getpid()}")
        with suppress(OSError):
            kept.parent.mkdir(exist_ok=True)
            temporary.unlink(missing_ok=True)
            temporary.hardlink_to(file)
            temporary.replace(kept)


@dataclass(frozen=True)
class EarlierImages:
    """What an earlier job found of images.

    Attributes
    ----------
    rows : mapping
        By image_id, the row of `cxr.images.inspection.INSPECTED` of usable ones.
    places : mapping
        By image_id, its place among the pixels.
    pixels : uint8 array, shape (n, size, size)
    """

    rows: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, int]
    pixels: np.ndarray

    @classmethod
    def none(cls) -> Self:
        """No image."""
        return cls({}, {}, np.empty((0, 0, 0), np.uint8))

    @classmethod
    def read(cls, table: str | Path, pixels: str | Path, maker: str) -> Self:
        """What the last job of these outputs left; no image where another maker made it.

        Parameters
        ----------
        table, pixels : path
            The outputs of the job, not what is kept of them.
        maker : str
            As of `made_by`.
        """
        kept, array = (Path(path).parent / FOLDER / Path(path).name for path in (table, pixels))
        try:
            if read_notes(kept).get(MADE_BY) != maker:
                return cls.none()
            rows = read_arrow(kept).to_pylist()
            images = read_array(array)
        except (InputError, OSError):  # none, or damaged
            return cls.none()
        places = {row["image_id"]: i for i, row in enumerate(rows[: len(images)])}
        usable = {row["image_id"]: row for row in rows if row["reason"] is None}
        return cls(usable, places, images)

    def find(self, image_id: str, path: Path) -> tuple[Mapping[str, Any], np.ndarray] | None:
        """The row and the pixels of an image; None where its file or its pixels are others."""
        row, place = self.rows.get(image_id), self.places.get(image_id)
        if row is None or place is None:
            return None
        pixels = np.array(self.pixels[place])
        try:
            same = path.is_file() and file_sha256(path) == row["sha256"]
        except OSError:
            return None
        return (row, pixels) if same and digest(pixels.tobytes()) == row["digest"] else None
