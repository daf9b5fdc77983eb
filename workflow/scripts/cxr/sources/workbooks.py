"""The rows of a workbook: which sheet, and its cells as values."""

import logging
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
# Rows in which a header may be, below a title.
HEADER_ROWS = 20


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
            return _best_sheet(book, wanted, path)
        finally:
            book.close()


def _best_sheet(book: Any, wanted: Collection[str], path: Path) -> list[Record]:
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    sheets = sheets or list(book.worksheets)
    if not sheets:
        raise InputError(f"{path}: a workbook without a sheet; store the table in one")
    best: list[Record] = _records(sheets[0], path)
    most = _header_count(best, wanted)
    for sheet in sheets[1:]:
        if most == len(wanted):
            break
        records = _records(sheet, path)
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
    if "[Content_Types].xml" not in names:
        raise InputError(f"{path}: a zip archive, not a table; unpack it and name the table in it")


def _records(sheet: Any, path: Path) -> list[Record]:
    """The rows of a sheet that are not blank, by their number."""
    return [
        Record(number, row)
        for number, row in enumerate(bounded_rows(sheet, path), start=1)
        if any(cell is not None and str(cell).strip() for cell in row)
    ]
