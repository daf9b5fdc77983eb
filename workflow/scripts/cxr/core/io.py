"""Tables, documents and arrays on disk: whole or not there at all.

Every writer fills a temporary file beside its target and renames it, so that a
reader never meets half a file. Every reader turns a damaged file into an
`InputError` that names it.
"""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cxr.core.advice import machine_error, owner_of, writing_error
from cxr.core.cells import from_cell, to_cell
from cxr.core.errors import DamagedFile, InputError
from cxr.core.temporary import owner, remove_abandoned, require_replaceable
from cxr.core.zip_bounds import require_stored

# pandas takes a second to import, and the jobs of a grid do without it.
if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def atomic(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path in the folder of `path` that replaces it when the block ends well.

    Raises
    ------
    OSError
        With the number and the path of what kept the file from being written (a full
        disk, a quota, a limit of file sizes), whatever the writing library made of it.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(target)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.{owner()}.", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        require_replaceable()
        temporary.replace(target)
    except Exception as error:
        refused = writing_error(error, temporary, target)
        if refused is not None:
            raise refused from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def require_writable(folder: Path) -> None:
    """Checks that a folder, where it exists, can be written.

    Raises
    ------
    InputError
        If it can't.
    """
    if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            f"{folder.absolute() if folder == Path() else folder}: can't be written; make it "
            f"writable{owner_of(folder)}, or go to another folder, and run again"
        )


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Writes `text` as UTF-8 with Unix line ends."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(document: Any, path: str | os.PathLike[str]) -> None:
    """Writes `document` as indented JSON; NaN and infinity are refused, they are not JSON."""
    write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", path)


def read_json(path: str | os.PathLike[str]) -> Any:
    """Reads a JSON document.

    Raises
    ------
    InputError
        If the file is not whole JSON.
    """
    with reading(path, "JSON"):
        return json.loads(Path(path).read_text(encoding="utf-8"))


def write_table(
    table: pd.DataFrame | pa.Table,
    path: str | os.PathLike[str],
    notes: Mapping[str, str] | None = None,
    schema: pa.Schema | None = None,
) -> None:
    """Writes a table as Parquet, the same bytes for the same rows.

    Parameters
    ----------
    table : DataFrame or Table
        A DataFrame is written without its index.
    notes : mapping of str to str, optional
        Kept in the file's schema metadata; `read_notes` reads them back.
    schema : Schema, optional
        The columns' types, where a table may be empty or hold only nulls.
    """
    if isinstance(table, pa.Table):
        arrow = table if schema is None else table.cast(schema)
    else:
        arrow = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
    arrow = arrow.replace_schema_metadata(dict(notes) if notes else None)
    with atomic(path) as temporary:
        pq.write_table(arrow, temporary, compression="zstd", write_page_checksum=True)


def read_table(path: str | os.PathLike[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Reads a Parquet table, or only some of its columns.

    Raises
    ------
    InputError
        As `read_arrow`.
    """
    return read_arrow(path, columns).to_pandas()


def read_arrow(path: str | os.PathLike[str], columns: Sequence[str] | None = None) -> pa.Table:
    """Reads a Parquet table, or only some of its columns, as Arrow keeps it.

    Raises
    ------
    InputError
        If the file is damaged or lacks one of `columns`.
    """
    # Not `pq.read_table`, which imports pandas.
    with (
        reading(path, "Parquet"),
        pq.ParquetFile(path, page_checksum_verification=True) as stored,
    ):
        table = stored.read(columns=list(columns) if columns else None)
    missing = [name for name in columns or [] if name not in table.column_names]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; it is another table")
    return table


def read_tables(paths: Sequence[str | os.PathLike[str]]) -> pd.DataFrame:
    """The rows of several Parquet tables with the same columns, in the order of the paths."""
    return pa.concat_tables([read_arrow(path) for path in paths]).to_pandas()


def read_notes(path: str | os.PathLike[str]) -> dict[str, str]:
    """The notes that `write_table` put into a file's schema metadata."""
    with reading(path, "Parquet"):
        stored = pq.read_schema(path).metadata or {}
        return {key.decode(): value.decode() for key, value in stored.items()}


def write_csv(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Writes a table as CSV (RFC 4180, Unix line ends), missing values empty.

    Text that a spreadsheet program would run as a formula is marked, see `cxr.core.cells`;
    `read_csv` removes the marks.
    """
    cells = _with_texts(table, to_cell)
    text = cells.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    if "\r" in text:
        # Of the line ends Python quotes only the one that it writes itself.
        text = cells.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    write_text(text, path)


def read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Reads a CSV that `write_csv` wrote; text stays text, without its marks.

    Raises
    ------
    InputError
        If the file is not whole CSV.
    """
    import pandas as pd

    with reading(path, "CSV"):
        cells = pd.read_csv(path, keep_default_na=False, na_values=[""])
    return _with_texts(cells, from_cell)


def _with_texts(table: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """A table with each of its texts changed, those of its header too."""
    import pandas as pd

    def changed(cell: Any) -> Any:
        return change(cell) if isinstance(cell, str) else cell

    result = table.copy(deep=False)
    for position, kind in enumerate(table.dtypes):
        if kind.kind == "O":
            column = [changed(cell) for cell in table.iloc[:, position]]
            plain = "object" if isinstance(kind, pd.CategoricalDtype) else kind
            result.isetitem(position, pd.Series(column, table.index, plain))
    result.columns = [changed(name) for name in table.columns]
    return result


def write_array(array: np.ndarray, path: str | os.PathLike[str]) -> None:
    """Writes an array as .npy."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array, allow_pickle=False)


@contextmanager
def new_array(
    path: str | os.PathLike[str], shape: tuple[int, ...], dtype: type[np.generic]
) -> Iterator[np.ndarray]:
    """A memory-mapped array that becomes the .npy file `path` when the block ends well."""
    with atomic(path) as temporary:
        array = np.lib.format.open_memmap(temporary, mode="w+", dtype=dtype, shape=shape)
        # Its blocks are allocated now: a full disk would kill the process at a write.
        with temporary.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, temporary.stat().st_size)
        yield array
        array.flush()


def read_array(path: str | os.PathLike[str]) -> np.ndarray:
    """Opens an .npy file memory-mapped and read-only.

    Raises
    ------
    InputError
        If the file is truncated or not an array.
    """
    with reading(path, "array"):
        return np.lib.format.open_memmap(path, mode="r")


def write_arrays(arrays: Mapping[str, np.ndarray], path: str | os.PathLike[str]) -> None:
    """Writes named arrays as one .npz."""
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Reads the named arrays of an .npz.

    Raises
    ------
    InputError
        If the file is damaged or compressed.
    """
    with reading(path, "array"):
        require_stored(path)
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}


@contextmanager
def reading(path: str | os.PathLike[str], kind: str) -> Iterator[None]:
    """Turns whatever damage makes of a reader into an error that names the file.

    Raises
    ------
    DamagedFile
        If the file is not whole, of another kind, or a folder.
    OSError
        If it is missing or the machine refuses to read it: it may be whole.
    """
    Path(path).stat()
    try:
        yield
    except Exception as error:
        if isinstance(error, InputError) or machine_error(error) is not None:
            raise
        raise damaged_file(path, kind, error) from error


def damaged_file(path: str | os.PathLike[str], kind: str, error: Exception) -> DamagedFile:
    """The error for a file that was cut short or is of another kind."""
    return DamagedFile(f"{path}: not a whole {kind} file ({error})", Path(path))


def set_aside(path: Path) -> str:
    """Moves a damaged result away, so that it is made again, and gives its new name."""
    aside = path.with_name(f"{path.name}.damaged")
    with suppress(FileNotFoundError):  # another job has renamed it
        path.replace(aside)
    return aside.name
