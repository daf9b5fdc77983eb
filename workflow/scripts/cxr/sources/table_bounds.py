"""How large a table may be, checked before it is expanded."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.parquet_bounds import bounded_columns

# A cell takes about 100 bytes while a table is read: 1 GB of the 2 that `read_sources` asks.
MAX_CELLS = 10_000_000
# Text of such a table; it is held a few times over.
MAX_BYTES = 128 * 10**6


def table_bytes(path: Path) -> bytes:
    """The bytes of a table of text.

    Raises
    ------
    InputError
        If there are too many of them, or of its lines.
    """
    if path.stat().st_size > MAX_BYTES:
        raise too_much_text(path)
    data = path.read_bytes()
    require_cells(path, data.count(b"\n"))
    return data


def require_cells(path: Path, cells: int) -> None:
    """Checks the number of a table's cells.

    Raises
    ------
    InputError
        If there are too many.
    """
    if cells > MAX_CELLS:
        raise _too_large(path, f"more than {MAX_CELLS // 10**6} million cells")


def parquet_columns(path: Path) -> list[str]:
    """The columns of a Parquet table, see `bounded_columns`."""
    return bounded_columns(path, MAX_BYTES, MAX_CELLS)


def require_bounded_parts(path: Path) -> None:
    """Checks what the parts of a workbook expand to.

    Raises
    ------
    InputError
        If that is too much.
    """
    with zipfile.ZipFile(path) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > MAX_BYTES:
        raise _too_large(path, f"it expands to more than {MAX_BYTES // 10**6} MB")


def bounded_rows(sheet: Any, path: Path) -> Iterator[tuple[object, ...]]:
    """The rows of a workbook's sheet, as long as the rectangle of its cells is not too large.

    Raises
    ------
    InputError
        If it becomes so: one cell far away makes it as large.
    """
    sheet.reset_dimensions()
    rows, width, letters = 0, 0, 0
    for row in sheet.iter_rows(values_only=True):
        rows, width = rows + 1, max(width, len(row))
        letters += sum(len(cell) for cell in row if isinstance(cell, str))
        require_cells(path, rows * width)
        if letters > MAX_BYTES:
            raise too_much_text(path)
        yield row


def too_much_text(path: Path) -> InputError:
    """The error for a table with more text than can be read."""
    return _too_large(path, f"more than {MAX_BYTES // 10**6} MB of text")


def _too_large(path: Path, why: str) -> InputError:
    return InputError(f"{path}: {why}; leave out columns that the study does not use, or rows")
