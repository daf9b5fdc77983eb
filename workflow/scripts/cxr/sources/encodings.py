"""The bytes of a table as text: which encoding they are in, or what else the file is."""

import codecs
import gzip
import io
import logging
import zlib
from collections.abc import Sequence
from pathlib import Path

from cxr.core.errors import InputError
from cxr.sources.table_bounds import MAX_BYTES, require_cells, table_bytes, too_much_text

log = logging.getLogger("cxr")

# UTF-32 before UTF-16, whose mark its own begins with.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
GZIP = b"\x1f\x8b"
# What people take for a table, by its first bytes, and what to do with it.
OTHERS = (
    (b"\xd0\xcf\x11\xe0", "an old or encrypted workbook; save it as XLSX without a password"),
    (b"BZh", "a file compressed with bzip2; expand it, or compress it with gzip"),
    (b"\xfd7zXZ", "a file compressed with xz; expand it, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a file compressed with zstd; expand it, or compress it with gzip"),
    (b"%PDF", "a PDF document; store its table as CSV"),
    (b"ARROW1", "a Feather file; store it as Parquet"),
    (b"\x89HDF", "an HDF5 file; store its table as Parquet or CSV"),
    (b"\x93NUMPY", "an array of numpy, not a table; store it as Parquet with the images' names"),
    (b"SQLite format 3", "a database; store its table as CSV"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the table; run git lfs pull"),
    (b"<!doctype html", "an HTML page, not a table; save the table as CSV or XLSX"),
    (b"<html", "an HTML page, not a table; save the table as CSV or XLSX"),
    (b"<table", "an HTML page, not a table; save the table as CSV or XLSX"),
    (b"<?xml", "XML, not a table; save the table as CSV or XLSX"),
    (b"{", "JSON, not a table; store it as CSV or Parquet"),
    (b"[{", "JSON, not a table; store it as CSV or Parquet"),
)
SAMPLE = 4096
# Control characters that text has; programs' own formats have others.
CONTROLS = "\0\t\n\v\f\r\x1a"
MOST_CONTROLS = 3
# Of the bytes of text in UTF-16 that are 0, at least: letters outside Latin scripts have none.
ZEROS = 0.1


def read_text(path: Path) -> str:
    """A file as text: UTF-8, UTF-16 or UTF-32 by its mark or its zeros, else Windows-1252.

    A file compressed with gzip is expanded. Of UTF-8 only the lines that are none are read
    as Windows-1252, in which such files are usually written; a warning names them.

    Raises
    ------
    InputError
        If the file is too large, or another kind of file than text.
    """
    data = table_bytes(path)
    if data.startswith(GZIP):
        data = _expanded(data, path)
    _require_text(data, path)
    marked = next(((mark, name) for mark, name in MARKS if data.startswith(mark)), None)
    mark, encoding = marked or (b"", _without_mark(data))
    data = data.removeprefix(mark)
    text = _mixed(data, path) if encoding == "utf-8" else data.decode(encoding, errors="replace")
    if sum(letter < " " and letter not in CONTROLS for letter in text[:SAMPLE]) > MOST_CONTROLS:
        raise InputError(f"{path}: not a table of text; store it as CSV, Parquet or XLSX")
    require_cells(path, text.count("\n"))
    return text.removeprefix("\ufeff").replace("\0", "")


def _expanded(data: bytes, path: Path) -> bytes:
    """What a file of gzip holds, read no further than a table may be long."""
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            expanded = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: not a whole gzip file ({error}); obtain it again") from error
    if len(expanded) > MAX_BYTES:
        raise too_much_text(path)
    return expanded


def _require_text(data: bytes, path: Path) -> None:
    """Checks by its first bytes that a file is not of another kind."""
    begin = data[:SAMPLE].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    for magic, what in OTHERS:
        if begin.startswith(magic.lower()):
            raise InputError(f"{path}: {what}")


def _without_mark(data: bytes) -> str:
    """The encoding of text without a mark: the zeros of UTF-16 are all at one place of two."""
    sample = data[:SAMPLE]
    first, second = (sample[i::2].count(0) for i in (0, 1))
    if max(first, second) < ZEROS * len(sample) or min(first, second) * 4 > max(first, second):
        return "utf-8"
    return "utf-16-le" if second > first else "utf-16-be"


def _mixed(data: bytes, path: Path) -> str:
    """UTF-8 with lines of Windows-1252 in it, or all of them."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    lines, foreign = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
            foreign.append(number)
    log.warning(
        "%s: line %s is not UTF-8 and is read as Windows-1252; if letters are wrong, store "
        "the table as UTF-8",
        path,
        first_ten(foreign),
    )
    return "\n".join(lines)


def first_ten(numbers: Sequence[int]) -> str:
    """The first ten numbers of lines or rows, for a message."""
    return ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
