"""Tables of text, whatever program wrote them: CSV, Parquet, XLSX."""

import csv
import io
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from cxr.core.errors import InputError
from cxr.metadata.normalise import as_text
from cxr.sources.table_bounds import (
    parquet_columns,
    require_bounded_workbook,
    require_cells,
    table_bytes,
)

log = logging.getLogger("cxr")


def read_csv(path: Path) -> pd.DataFrame:
    """A CSV table as text, its column names trimmed; of two that are alike the first counts.

    Bytes that are not UTF-8 are read as Windows-1252, in which such files are
    usually written; a warning names the lines. Blank rows are dropped.

    Returns
    -------
    DataFrame
        Its index holds the number of each row, the header being row 1.

    Raises
    ------
    InputError
        If the file is missing, has no header, is too large, or has a row whose
        quote is not closed.
    """
    try:
        data = table_bytes(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; is this a source of this layout?") from error
    except IsADirectoryError as error:
        raise InputError(f"{path}: a folder, not a table; name the file") from error
    lines = []
    foreign = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
            foreign.append(number)
    if foreign:
        log.warning(
            "%s: line %s is not UTF-8 and is read as Windows-1252", path, first_ten(foreign)
        )
    text = "\n".join(line.rstrip("\r") for line in lines).replace("\0", "")
    rows = {number: row for number, row in _rows(text, path) if any(map(str.strip, row))}
    if not rows:
        raise InputError(f"{path}: no header; the file is empty or was cut short, obtain it again")
    (_, names), *records = rows.items()
    header = [name.strip() for name in names]
    width = len(header)
    require_cells(path, len(records) * width)
    table = pd.DataFrame(
        [(row + [""] * width)[:width] for _, row in records],
        columns=header,
        index=[number for number, _ in records],
        dtype="str",
    )
    return table.loc[:, ~table.columns.duplicated()]


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV and their numbers, blank ones too."""
    reader = csv.reader(io.StringIO(text, newline=""))
    begins = 1
    try:
        cells = 0
        for number, row in enumerate(reader, start=1):
            cells += len(row)
            require_cells(path, cells)
            yield number, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"{path}: the row that begins in line {begins} can't be read ({error}); close its "
            f"quote or remove it"
        ) from error


def read_table(path: Path) -> pd.DataFrame:
    """A CSV, Parquet or XLSX table as text; missing values are None, or empty in CSV.

    Of columns that trimming makes alike the first counts.

    Raises
    ------
    InputError
        If the file is missing, damaged or too large.
    """
    suffix = path.suffix.casefold()
    if suffix not in (".parquet", ".xlsx"):
        return read_csv(path)
    try:
        if suffix == ".parquet":
            # Its index may hold a value twice, and is no column.
            table = pd.read_parquet(path, columns=parquet_columns(path)).reset_index(drop=True)
        else:
            require_bounded_workbook(path)
            table = pd.read_excel(path, dtype="object")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; name the source's table") from error
    except InputError:
        raise
    except Exception as error:
        # A damaged workbook or Parquet file may raise any error of its reader.
        raise InputError(f"{path}: not a whole {suffix[1:]} table ({error})") from error
    table.columns = [str(name).strip() for name in table.columns]
    table = table.loc[:, ~table.columns.duplicated()]
    return table.astype("object").map(as_text)


def first_ten(numbers: Sequence[int]) -> str:
    """The first ten numbers of lines or rows, for a message."""
    return ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
