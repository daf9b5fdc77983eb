"""The rows of text whose cells are separated by commas, semicolons, tabs, bars or spaces."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from cxr.core.errors import InputError
from cxr.sources.columns import count_columns
from cxr.sources.table_bounds import require_cells

# The first counts where a table has one column.
SEPARATORS = (",", ";", "\t", "|")
# Excel's own first line, which names the separator.
NAMED = re.compile(r"sep=(.)\r?\n?")
SAMPLE_ROWS = 200
SAMPLE_LETTERS = 2**18
UNCLOSED = "a quote that is not closed in its line"
MAX_UNCLOSED = 100


class Record(NamedTuple):
    """A row of a table: its number, its cells, and why it can't be used."""

    number: int
    cells: Sequence[object]
    problem: str | None = None


def read_records(text: str, wanted: Collection[str], path: Path) -> list[Record]:
    """The rows of a table in text that are not blank, the first numbered 1.

    The separator is the one under which a row holds most of the `wanted` names; of several
    the one under which most rows have equally many cells.

    Raises
    ------
    InputError
        If there are too many cells, or a quote is open in very many rows.
    """
    named = NAMED.match(text)
    if named:
        text, separator = text[named.end() :], named[1]
    else:
        separator = _separator(text, wanted)
        if _has_spaces(text, separator, wanted):
            text, separator = re.sub(r"(?m)^ +| +$", "", re.sub(" +", " ", text)), " "
    records = _unwrapped(list(_records(text, separator, path)), wanted, path)
    return [record for record in records if any(str(cell).strip() for cell in record.cells)]


def _separator(text: str, wanted: Collection[str]) -> str:
    sample = text[:SAMPLE_LETTERS]
    ranks = {}
    for separator in SEPARATORS:
        rows = []
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
        try:
            for row in itertools.islice(reader, SAMPLE_ROWS):
                if any(cell.strip() for cell in row):
                    rows.append(without_empty_end(row))
        except csv.Error:  # a quote that is not closed
            pass
        ranks[separator] = (
            max((count_columns(row, wanted) for row in rows), default=0),
            _evenness(rows),
        )
    return max(SEPARATORS, key=lambda separator: ranks[separator])


def _has_spaces(text: str, separator: str, wanted: Collection[str]) -> bool:
    """Whether spaces separate the cells: nothing else does, and each line has as many of them."""
    lines = [line for line in text[:SAMPLE_LETTERS].splitlines()[:SAMPLE_ROWS] if line.strip()]
    if count_columns(lines, wanted) or any(separator in line or '"' in line for line in lines):
        return False
    return len(lines) > 1 and len({len(line.split()) for line in lines}) == 1


def _evenness(rows: Sequence[Sequence[str]]) -> float:
    """The share of rows of the commonest number of cells, for each cell after the first.

    It counts half where the first row, mostly the header, has another number.
    """
    if not rows:
        return 0.0
    lengths = Counter(map(len, rows))
    length, often = max(lengths.items(), key=lambda item: (item[1], item[0]))
    share = often / len(rows) * (length - 1)
    return share if len(rows[0]) == length else share / 2


def without_empty_end(row: Sequence[str]) -> Sequence[str]:
    """A row without the empty cells at its end."""
    length = len(row)
    while length and not row[length - 1].strip():
        length -= 1
    return row[:length]


def _records(text: str, separator: str, path: Path) -> Iterator[Record]:
    """The rows, blank ones too; one with a quote that is not closed costs its first line alone."""
    lines = io.StringIO(text, newline="").readlines()
    reader = csv.reader(lines, delimiter=separator)
    number = begins = offset = cells = unclosed = 0
    while begins < len(lines):
        number += 1
        try:
            row: Sequence[str] = next(reader)
            ends = offset + reader.line_num
            # A quote is closed by the next one, maybe of another row.
            doubtful = ends > begins + 1 or ends == len(lines)
            is_whole = not doubtful or _is_whole(lines[begins:ends], separator)
        except csv.Error:  # a cell that is too long
            is_whole = False
        if not is_whole:
            unclosed += 1
            if unclosed > MAX_UNCLOSED:
                raise InputError(
                    f"{path}: the row that begins in line {begins + 1} can't be read, nor "
                    f"{MAX_UNCLOSED} before it: {UNCLOSED}; close it or remove the quotes"
                )
            row, ends = lines[begins].rstrip("\r\n").split(separator), begins + 1
            reader, offset = csv.reader(lines[ends:], delimiter=separator), ends
        cells += len(row)
        require_cells(path, cells)
        yield Record(number, row, None if is_whole else UNCLOSED)
        begins = ends


def _is_whole(lines: Sequence[str], separator: str) -> bool:
    """Whether each quote that begins a cell of a row ends one."""
    try:
        list(csv.reader(lines, delimiter=separator, strict=True))
    except csv.Error:
        return False
    return True


def _unwrapped(records: list[Record], wanted: Collection[str], path: Path) -> list[Record]:
    """The rows of a table each of whose lines is wholly in quotes, as some programs write them."""
    if any(len(record.cells) > 1 for record in records):
        return records
    lines = ["".join(map(str, record.cells)) for record in records]
    header = next((line for line in lines if line.strip()), "")
    separator = _separator("\n".join(lines), wanted)
    return list(_records("\n".join(lines), separator, path)) if separator in header else records
