"""The rows of a workbook: which sheet, and its cells as values."""

import logging
import re
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.sources.columns import count_columns
from cxr.sources.delimited import Record
from cxr.sources.table_bounds import bounded_rows, require_bounded_parts

log = logging.getLogger("cxr")

# Kinds of file that are zips too, by a part that each has.
PARTS = {
    "xl/workbook.bin": "a binary workbook (XLSB); save it as XLSX",
    "content.xml": "an OpenDocument file; save it as XLSX or CSV",
    "word/document.xml": "a document, not a table; store its table as CSV",
}
WORKBOOK = "xl/workbook.xml"
ARRAYS = "not a table; store them as Parquet with a column that names the images"
# Rows in which a header may be, below a title.
HEADER_ROWS = 20
MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"'
)
MOST_MERGED = 20_000
# Programs that compute nothing store a formula without its value.
UNCOMPUTED = re.compile(rb"</(?:\w+:)?f>(?:<(?:\w+:)?v\s*/>|<v></v>|</(?:\w+:)?c>)")


def read_workbook(path: Path, wanted: Collection[str]) -> list[Record]:
    """The rows of the sheet with most of the `wanted` columns, of several the first.

    Raises
    ------
    InputError
        If the file is no workbook, or expands to too much.
    """
    from openpyxl import load_workbook

    _require_workbook(path)
    require_bounded_parts(path)
    with path.open("rb") as stream:  # by its name alone openpyxl refuses some
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            with zipfile.ZipFile(path) as parts:
                return _best_sheet(book, wanted, path, parts)
        finally:
            book.close()


def _best_sheet(
    book: Any, wanted: Collection[str], path: Path, parts: zipfile.ZipFile
) -> list[Record]:
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    sheets = sheets or list(book.worksheets)
    if not sheets:
        raise InputError(f"{path}: a workbook without a sheet; store the table in one")
    best: list[Record] = _records(sheets[0], path, parts)
    most = _header_count(best, wanted)
    for sheet in sheets[1:]:
        if most == len(wanted):
            break
        records = _records(sheet, path, parts)
        if _header_count(records, wanted) > most:
            best, most = records, _header_count(records, wanted)
            log.info("%s: the sheet %r has more of the columns", path, sheet.title)
    return best


def _header_count(records: Sequence[Record], wanted: Collection[str]) -> int:
    rows = records[:HEADER_ROWS]
    return max((count_columns(record.cells, wanted) for record in rows), default=0)


def _require_workbook(path: Path) -> None:
    with zipfile.ZipFile(path) as parts:
        names = set(parts.namelist())
    if any(name.casefold() == WORKBOOK for name in names):
        return
    for part, what in PARTS.items():
        if part in names:
            raise InputError(f"{path}: {what}")
    if any(name.endswith(".npy") for name in names):
        raise InputError(f"{path}: arrays of numpy (NPZ), {ARRAYS}")
    if any(name.endswith("/data.pkl") for name in names):
        raise InputError(f"{path}: a file of PyTorch, {ARRAYS}")
    if "[Content_Types].xml" not in names:
        raise InputError(f"{path}: a zip archive, not a table; unpack it and name the table in it")


def _records(sheet: Any, path: Path, parts: zipfile.ZipFile) -> list[Record]:
    """The rows of a sheet that are not blank, by their number.

    Cells that are merged across rows have one value, which counts for each of these rows.
    """
    source = _source(sheet, parts)
    if UNCOMPUTED.search(source):
        log.warning(
            "%s: the sheet %r has formulas without their values, which count as missing; open and "
            "save it with a spreadsheet program",
            path,
            sheet.title,
        )
    merged = _merged(source)
    values: dict[int, object] = {}
    records = []
    for number, cells in enumerate(bounded_rows(sheet, path), start=1):
        row = list(cells)
        if not any(cell is not None and str(cell).strip() for cell in row):
            continue
        for column, first in merged.get(number, {}).items():
            if number == first:
                values[column] = row[column] if column < len(row) else None
            elif column in values:
                row += [None] * (column + 1 - len(row))
                row[column] = values[column]
        records.append(Record(number, row))
    return records


def _source(sheet: Any, parts: zipfile.ZipFile) -> bytes:
    """The XML of a sheet."""
    name = str(getattr(sheet, "_worksheet_path", "")).lstrip("/")
    return parts.read(name) if name in parts.namelist() else b""


def _merged(source: bytes) -> dict[int, dict[int, int]]:
    """By row and column (from 0) of a cell that is merged across rows the first of these."""
    from openpyxl.utils import range_boundaries

    merged: dict[int, dict[int, int]] = {}
    for reference in MERGED.findall(source)[:MOST_MERGED]:
        column, top, _, bottom = range_boundaries(reference.decode())
        for row in range(top, min(bottom, top + MOST_MERGED) + 1) if bottom > top else ():
            merged.setdefault(row, {})[column - 1] = top
    return merged
