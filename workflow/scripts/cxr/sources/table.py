"""Your own cohort: one table and a folder of images."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from cxr.core.errors import InputError
from cxr.images.decode import UnusableImage, locate
from cxr.images.dicom import is_dicom, read_tags
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import Reading
from cxr.sources.rows import gather
from cxr.sources.tables import read_table, without_row


def read(
    source: str,
    root: Path,
    *,
    table: str,
    images: str,
    columns: Mapping[str, str | None],
    constants: Mapping[str, str | None],
) -> Reading:
    """Reads a CSV, Parquet or XLSX table with one row an image.

    What the table does not say is filled from the constants, and for DICOM
    files from their tags (`cxr.images.dicom.TAGS`). Every row that can't be used, and
    every image file without a row, is rejected with its reason.

    Parameters
    ----------
    source : str
    root : Path
    table : str
        File of the table, below `root`.
    images : str
        Folder of the images, below `root`.
    columns : mapping
        The table's column for each column of the shared schema; `file` and
        `finding` are needed.
    constants : mapping
        The same text for every row, where the table has no column.

    Raises
    ------
    InputError
        If the table is missing, unreadable or empty, or lacks a named column.
    """
    path = root / table
    texts = read_table(path)
    wanted = {name: column for name, column in columns.items() if column is not None}
    for name, column in wanted.items():
        if column not in texts.columns:
            raise InputError(
                f"config key 'sources.{source}.columns.{name}': {path} has no column {column!r}; "
                f"its columns are {', '.join(texts.columns)}"
            )
    if texts.empty:
        raise InputError(f"{path}: no rows; the file is empty or was cut short")
    raw = pd.DataFrame({name: texts[column] for name, column in wanted.items()})
    for name, value in constants.items():
        if value is not None and name not in raw.columns:
            raw[name] = value
    if "location" in raw.columns and "country" not in raw.columns:
        raw["country"] = raw["location"]
    names = [tidy(text) for text in raw["file"]]
    raw["file"] = [PurePosixPath(images, name).as_posix() if name else "" for name in names]
    if "patient_id" not in raw.columns:
        raw["patient_id"] = None
    raw = _with_tags(raw, root)
    if not (root / images).is_dir():
        raise InputError(f"{root / images}: no such folder; name the source's folder of images")
    unlisted = without_row(root, root / images, {*raw["file"], table})
    return gather(raw, source, unlisted, "no row in the table")


def _with_tags(raw: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Fills what the table leaves open from the tags of DICOM files."""
    rows = raw.astype("object").to_dict("records")
    for row in rows:
        try:
            path = locate(root, row["file"])
            if not row["file"] or not path.is_file() or not is_dicom(path):
                continue
        except (UnusableImage, OSError):
            continue
        for name, value in read_tags(path).items():
            if tidy(row.get(name)) is None:
                row[name] = value
    return pd.DataFrame(rows, index=raw.index).astype("object")
