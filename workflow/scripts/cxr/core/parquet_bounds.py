"""What a Parquet file expands to, found out before it is expanded.

A page of zeros, a dictionary of one long text or texts by their common beginnings make
gigabytes of a few kilobytes.
"""

import os
from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cxr.core.errors import InputError
from cxr.core.io import damaged_file

# Bytes of a value by its physical type; of texts what Arrow keeps beside their bytes.
WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}
OFFSET = 8
ROWS = 2**16


def bounded_columns(
    path: str | os.PathLike[str], most: int, most_cells: int | None = None
) -> list[str]:
    """The columns of a Parquet file that can be read, all together in so many bytes.

    Texts inside lists and structs, for which nothing here has a use, are left out.

    Parameters
    ----------
    path : path
    most : int
        Bytes that the columns may have in memory.
    most_cells : int, optional
        Greatest number of rows times columns.

    Raises
    ------
    InputError
        If the file is damaged, or expands to more.
    """
    try:
        with pq.ParquetFile(path) as stored:
            columns = [stored.schema.column(i) for i in range(len(stored.schema))]
            texts = [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]
            nested = {column.path.split(".")[0] for column in columns if "." in column.path}
            left_out = {text.split(".")[0] for text in texts} & nested
            cells = stored.metadata.num_rows * len(columns)
            total = _declared(stored.metadata, columns)
            deltas = _delta_bytes(stored.metadata)
            names = [name for name in stored.schema_arrow.names if name not in left_out]
        if total <= most and (most_cells is None or cells <= most_cells):
            flat = [text for text in texts if "." not in text]
            rows = max(1, min(ROWS, most // max(1, max(deltas.values(), default=1))))
            for size in _text_bytes(path, flat, deltas, rows):
                total += size
                if total > most:
                    break
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise damaged_file(path, "Parquet", error) from error
    if total > most:
        raise InputError(
            f"{path}: expands to more than {most // 10**6} MB; store fewer rows or shorter texts"
        )
    if most_cells is not None and cells > most_cells:
        raise InputError(
            f"{path}: {cells} cells, more than {most_cells}; leave out columns or rows"
        )
    return names


def _declared(metadata: pq.FileMetaData, columns: list[pq.ColumnSchema]) -> int:
    """Bytes of all values by the file's footer, texts as they are encoded."""
    total = 0
    for group in range(metadata.num_row_groups):
        for i, column in enumerate(columns):
            chunk = metadata.row_group(group).column(i)
            width = WIDTHS.get(column.physical_type, max(OFFSET, column.length or 0))
            total += max(chunk.total_uncompressed_size, chunk.num_values * width)
    return total


def _delta_bytes(metadata: pq.FileMetaData) -> dict[str, int]:
    """Bytes of each column whose texts share their beginnings: none is longer than all."""
    sizes: dict[str, int] = {}
    for group in range(metadata.num_row_groups):
        for i in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(i)
            if any(encoding.startswith("DELTA") for encoding in chunk.encodings):
                size = max(sizes.get(chunk.path_in_schema, 0), chunk.total_uncompressed_size)
                sizes[chunk.path_in_schema] = size
    return sizes


def _text_bytes(
    path: str | os.PathLike[str], texts: list[str], deltas: Collection[str], rows: int
) -> Iterator[int]:
    """The bytes of texts, a few rows after another and without repeating those of a dictionary."""
    if not texts:
        return
    # A column that shares beginnings can't be read as a dictionary.
    with pq.ParquetFile(path, read_dictionary=[t for t in texts if t not in deltas]) as stored:
        for batch in stored.iter_batches(rows, columns=texts):
            for column in batch.columns:
                if pa.types.is_dictionary(column.type):
                    lengths = pc.binary_length(column.dictionary).take(column.indices)
                    yield pc.sum(lengths).as_py() or 0
                else:
                    yield column.nbytes
