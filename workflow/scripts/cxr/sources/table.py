"""Your own cohort: one table and a folder of images."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from cxr.core.errors import InputError
from cxr.images.decode import UnusableImage, locate
from cxr.images.dicom import TAGS, is_dicom, read_tags
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import Reading
from cxr.sources.files import unlisted_files
from cxr.sources.rows import build_reading
from cxr.sources.tables import read_table


@dataclass(frozen=True)
class TableLayout:
    """Where a cohort's table and images lie, and what its columns hold.

    Attributes
    ----------
    reader : "table"
    table : str
        File of the table, below the source's folder.
    images : str
        Folder of the images, below the source's folder.
    columns : mapping
        The table's column for each column of the shared schema, None where it has
        none; `file` is needed.
    constants : mapping
        The same text for every row, where the table has no column.
    """

    reader: Literal["table"]
    table: str
    images: str
    columns: Mapping[str, str | None]
    constants: Mapping[str, str | None]


def read(source: str, root: Path, layout: TableLayout) -> Reading:
    """Reads a CSV, Parquet or XLSX table with one row an image.

    Values that the table lacks are filled from the constants, and for DICOM
    files from their tags (`cxr.images.dicom.TAGS`). Every row that can't be used, and
    every image file without a row, is rejected with its reason.

    Parameters
    ----------
    source : str
    root : Path
        The source's folder.
    layout : TableLayout

    Raises
    ------
    InputError
        If the table is missing, unreadable or empty, or lacks a named column.
    """
    path = root / layout.table
    texts = read_table(path)
    columns = {name: column for name, column in layout.columns.items() if column is not None}
    for name, column in columns.items():
        if column not in texts.columns:
            raise InputError(
                f"config key 'sources.{source}.columns.{name}': {path} has no column {column!r}; "
                f"its columns are {', '.join(texts.columns)}"
            )
    if texts.empty:
        raise InputError(f"{path}: no rows; the file is empty or was cut short")
    raw = pd.DataFrame({name: texts[column] for name, column in columns.items()})
    for name, value in layout.constants.items():
        if value is not None and name not in raw.columns:
            raw[name] = value
    if "location" in raw.columns and "country" not in raw.columns:
        raw["country"] = raw["location"]
    names = [tidy(text) for text in raw["file"]]
    raw["file"] = [PurePosixPath(layout.images, name).as_posix() if name else "" for name in names]
    if "patient_id" not in raw.columns:
        raw["patient_id"] = None
    raw = _with_tags(raw, root)
    folder = root / layout.images
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the source's folder of images")
    unlisted = unlisted_files(root, folder, {*raw["file"], layout.table})
    return build_reading(raw, source, unlisted, "no row in the table")


def _with_tags(raw: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Fills the values that the table lacks from the tags of DICOM files."""
    rows = raw.astype("object").to_dict("records")
    for row in rows:
        missing = [name for name in TAGS if tidy(row.get(name)) is None]
        if not missing:
            continue
        try:
            path = locate(root, row["file"])
            if not row["file"] or not path.is_file() or not is_dicom(path):
                continue
        except (UnusableImage, OSError):
            continue
        row.update(read_tags(path, missing))
    return pd.DataFrame(rows, index=raw.index).astype("object")
