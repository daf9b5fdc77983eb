"""Your own cohort: one table and a folder of images."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from cxr.core.errors import InputError
from cxr.metadata.dates import Order
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import Reading
from cxr.sources.columns import find_column, no_column
from cxr.sources.files import unlisted_files
from cxr.sources.filling import column_of, columns_of, stated_findings, with_constants, with_tags
from cxr.sources.image_files import ImageFiles
from cxr.sources.patients import COLUMN, patients_in_names
from cxr.sources.rows import build_reading, warn_of_mixed_sexes
from cxr.sources.tables import read_table

log = logging.getLogger("cxr")


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
        none; `file` is needed. `fields` is a mapping of the study's own fields to columns.
        `finding` may be a list of columns, see `cxr.sources.filling.stated_findings`.
    constants : mapping
        The same text for every row, where the table has no column; `fields` as above.
    tags : tuple of str
        Keywords of DICOM tags that become own fields.
    patient : str or None
        A regular expression whose only group is the patient in a file's name or path, where
        the table names none.
    dates : "day-first", "month-first" or None
        The order of day and month in numeric dates; None to find it out.
    """

    reader: Literal["table"]
    table: str
    images: str
    columns: Mapping[str, str | Mapping[str, str] | list[str] | None]
    constants: Mapping[str, str | Mapping[str, str] | None]
    tags: tuple[str, ...] = ()
    patient: str | None = None
    dates: Order | None = None


def read(source: str, root: Path, layout: TableLayout) -> Reading:
    """Reads a CSV, Parquet or XLSX table with one row an image.

    Names of columns and files need not be spelt exactly, see `cxr.sources.columns` and
    `cxr.sources.image_files`.

    Values that the table lacks are filled from the constants, and for DICOM
    files from their tags (`cxr.images.dicom.TAGS` and those of the layout). Every row that
    can't be used, and every image file without a row, is rejected with its reason.

    Parameters
    ----------
    source : str
    root : Path
        The source's folder.
    layout : TableLayout

    Raises
    ------
    InputError
        If the table is missing, unreadable or empty, or lacks a named column, a tag can't be
        a field, or many DICOM files have one patient id, see `cxr.sources.patients`.
    """
    path = root / layout.table
    columns, stating = columns_of(layout.columns)
    table = read_table(path, [*columns.values(), *stating])
    texts = table.rows
    raw = pd.DataFrame(index=texts.index)

    def column_named(key: str, name: str) -> pd.Series:
        found = find_column(name, texts.columns)
        if found is None:
            raise InputError(
                f"config key 'sources.{source}.columns.{key}': {path} has "
                f"{no_column(name, list(texts.columns))}"
            )
        return texts[found]

    for key, column in columns.items():
        raw[column_of(key)] = column_named(key, column)
    if stating:
        raw["finding"] = stated_findings({n: column_named("finding", n) for n in stating})
    if texts.empty:
        raise InputError(f"{path}: no rows; the file is empty or was cut short")
    raw = with_constants(raw, layout.constants)
    folder = root / layout.images
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the source's folder of images")
    raw = _with_files(raw, layout.images, ImageFiles(folder), table.problems)
    raw = _with_masks(raw, root)
    if layout.patient is not None:
        named = raw["patient_id"].map(tidy).notna()
        raw["patient_id"] = raw["patient_id"].where(
            named, patients_in_names(raw["file"], layout.patient)
        )
    raw = with_tags(raw, root, source, layout.tags, COLUMN)
    warn_of_mixed_sexes(raw, path)
    unlisted = unlisted_files(root, folder, {*raw["file"], *raw["mask"], layout.table})
    reason, order = "no row in the table", layout.dates
    return build_reading(raw, source, unlisted, reason, filled=("mask",), date_order=order)


def _with_files(
    raw: pd.DataFrame, images: str, files: ImageFiles, problems: pd.Series
) -> pd.DataFrame:
    """Rows with the files that they mean, relative to the source, and their `problem`."""
    texts = [str(text) if tidy(text) else None for text in raw["file"]]
    found = [files.find(text) for text in texts]
    respelt = sum(bool(file) and text != file for text, (file, _) in zip(texts, found, strict=True))
    if respelt:
        log.info("%d names of files are spelt in another way than the files", respelt)
    folder = PurePosixPath(images, "_").as_posix()[:-1]
    raw["file"] = [folder + file if file else "" for file, _ in found]
    raw["problem"] = [
        problem or of_file for problem, (_, of_file) in zip(problems, found, strict=True)
    ]
    return raw


def _with_masks(raw: pd.DataFrame, root: Path) -> pd.DataFrame:
    """Rows with the file of their `mask`, relative to the source: its name where none fits."""
    if "mask" not in raw.columns:
        return raw.assign(mask=None)
    files = ImageFiles(root)
    return raw.assign(
        mask=[files.find(t).file if (t := tidy(name)) else None for name in raw["mask"]]
    )
