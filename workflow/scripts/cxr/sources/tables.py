"""Tables of text, whatever program wrote them: separated text, Parquet, XLSX."""

import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from cxr.core.errors import InputError
from cxr.metadata.normalise import as_text
from cxr.sources.columns import count_columns, find_column
from cxr.sources.delimited import Record, read_records, without_empty_end
from cxr.sources.encodings import first_ten, read_text
from cxr.sources.table_bounds import parquet_columns, require_cells
from cxr.sources.workbooks import HEADER_ROWS, read_workbook

log = logging.getLogger("cxr")

ZIP, PARQUET = b"PK\x03\x04", b"PAR1"
BINARY = (".parquet", ".xlsx")
# What spreadsheet programs show in a cell whose formula failed.
FAILED = {"#N/A", "#NA", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"}
# Columns that pandas makes of an index without a name.
UNNAMED_INDEX = "__index_level_"


@dataclass(frozen=True)
class TextTable:
    """A table as text.

    Attributes
    ----------
    rows : DataFrame
        Text, missing values None, or empty in separated text; its index holds the number
        of each row in the file, the header of most files being row 1.
    problems : Series
        Why a row can't be used, None where it can; indexed as `rows`.
    """

    rows: pd.DataFrame
    problems: pd.Series


def read_table(path: Path, wanted: Collection[str] = ()) -> TextTable:
    """A table as text; its content decides what kind it is, not its name.

    The separator, the encoding, the sheet and the row of the header are found out, with
    the help of the `wanted` columns. Where these are numbers that are no names, the table has
    no header, and its columns are numbered from 1. Column names are trimmed, and of two that
    are alike the first counts. Columns that a Parquet file keeps as index of pandas are columns.

    Parameters
    ----------
    path : Path
    wanted : collection of str
        Names of columns that the table should have.

    Raises
    ------
    InputError
        If the file is missing, damaged, too large, or of another kind.
    """
    try:
        with path.open("rb") as stream:
            begin = stream.read(len(ZIP))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; name the source's table") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: a folder, not a table; name the file") from error
    if begin not in (ZIP, PARQUET):
        return _of_text(path, wanted)
    kind = "xlsx" if begin == ZIP else "parquet"
    try:
        if begin == ZIP:
            return _of_records(read_workbook(path, wanted), wanted, path)
        return _of_parquet(path, wanted)
    except InputError:
        raise
    except Exception as error:
        # A damaged workbook or Parquet file may raise any error of its reader.
        raise InputError(f"{path}: not a whole {kind} table ({error})") from error


def cell_text(cell: object) -> str | None:
    """A cell as text: a whole number without its fraction, a failed formula as missing."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, bytes):
        cell = cell.decode(errors="replace")
    text = cell.strip("\ufeff") if isinstance(cell, str) else as_text(cell)
    return None if text in FAILED else text


def _of_text(path: Path, wanted: Collection[str]) -> TextTable:
    records = read_records(read_text(path), wanted, path)
    suffix = path.suffix.casefold()
    if suffix in BINARY and all(len(record.cells) == 1 for record in records):
        raise InputError(f"{path}: not a whole {suffix[1:]} table; obtain it again")
    return _of_records(records, wanted, path, separated=True)


def _of_records(
    records: Sequence[Record], wanted: Collection[str], path: Path, *, separated: bool = False
) -> TextTable:
    """Rows as a table, the first of them with most of the `wanted` names as header.

    Of separated text every row needs as many cells as the header, empty ones at its end
    aside; a workbook's cells have places of their own.
    """
    if not records:
        raise InputError(f"{path}: no header; the file is empty or was cut short, obtain it again")
    counts = [count_columns(row.cells, wanted) for row in records[:HEADER_ROWS]]
    at = counts.index(max(counts))
    if at:
        log.info("%s: the header is row %d; those above are left out", path, records[at].number)
    header = _names(records[at].cells)
    rows = records[at + 1 :]
    if max(counts) < len(wanted) and all(name.isdecimal() for name in wanted):
        width = Counter(len(record.cells) for record in records).most_common(1)[0][0]
        header, rows = [str(number) for number in range(1, width + 1)], records
    if separated and _has_row_names(header, rows):
        rows = [Record(row.number, row.cells[1:], row.problem) for row in rows]
    width, named = len(header), len(without_empty_end(header))
    require_cells(path, len(rows) * width)
    problems = [
        row.problem or (_wrong_length(row.cells, width, named) if separated else None)
        for row in rows
    ]
    missing = "" if separated else None
    cells = [[cell_text(cell) for cell in row.cells[:width]] for row in rows]
    table = pd.DataFrame(
        [row + [missing] * (width - len(row)) for row in cells],
        columns=header,
        index=[row.number for row in rows],
        dtype="object",
    )
    numbers = [row.number for row, problem in zip(rows, problems, strict=True) if problem]
    if numbers:
        log.warning("%s: row %s can't be read as a row and is rejected", path, first_ten(numbers))
    return TextTable(_distinct(table, path), pd.Series(problems, index=table.index, dtype="object"))


def _names(cells: Sequence[object]) -> list[str]:
    return [(cell_text(cell) or "").strip() for cell in cells]


def _wrong_length(cells: Sequence[object], width: int, named: int) -> str | None:
    """Why a row has not the header's cells, None where it has."""
    used = len(without_empty_end([str(cell) for cell in cells]))
    if named <= len(cells) and used <= width:
        return None
    many = len(cells) if used <= width else used
    return f"{many} cells where the header has {named}"


def _has_row_names(header: Sequence[str], rows: Sequence[Record]) -> bool:
    """Whether R wrote the table: the rows' numbers, 1 to n, in a column without a name."""
    return bool(rows) and all(
        len(row.cells) == len(header) + 1 and row.cells[0] == str(i)
        for i, row in enumerate(rows, start=1)
    )


def _distinct(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Of columns of one name the first."""
    repeated = table.columns.duplicated()
    names = sorted({name for name in table.columns[repeated] if name})
    if names:
        log.warning("%s: of several columns named %s the first counts", path, ", ".join(names))
    return table.loc[:, ~repeated]


def _of_parquet(path: Path, wanted: Collection[str]) -> TextTable:
    """The columns of a Parquet table as text, only the `wanted` ones where it has them all."""
    readable = parquet_columns(path)
    with pq.ParquetFile(path) as stored:
        schema = stored.schema_arrow
        names = {index_name(name, schema.names): name for name in schema.names}
        found = {find_column(name, names) for name in wanted}
        needed = found if wanted and None not in found else set(names)
        unread = [name for name in needed if names[str(name)] not in readable]
        if wanted and unread:
            raise InputError(
                f"{path}: the column {unread[0]!r} holds lists or records of texts, which are not "
                f"read; store it as text, several values separated by commas"
            )
        kept = [name for name in names if name in needed and name not in unread]
        table = stored.read(columns=[names[name] for name in kept])
    texts = {
        name.strip(): [cell_text(cell) for cell in table[names[name]].to_pylist()]
        for name in reversed(kept)
    }
    rows = pd.DataFrame(texts, index=range(2, len(table) + 2), dtype="object")
    rows = rows[list(dict.fromkeys(name.strip() for name in kept))]
    return TextTable(rows, pd.Series(None, index=rows.index, dtype="object"))


def index_name(name: str, names: Sequence[str]) -> str:
    """The name that pandas gives to an index without one when it becomes a column."""
    if not name.startswith(UNNAMED_INDEX):
        return name
    level = f"level_{name.removeprefix(UNNAMED_INDEX).rstrip('_')}"
    several = sum(other.startswith(UNNAMED_INDEX) for other in names) > 1
    return level if several or "index" in names else "index"
