"""Arrow columns from NumPy arrays and back, without pandas.

pyarrow's own conversions check for objects of pandas, and import it for that,
which takes as long as a small study's whole grid.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa


def to_column(values: np.ndarray | Sequence[str] | None, kind: pa.DataType, n: int) -> pa.Array:
    """A column of n numbers or texts.

    Parameters
    ----------
    values : array, sequence of str, or None
        None makes a column of nulls.
    kind : DataType
        A type of numbers, or `pa.string()`.
    n : int
    """
    if values is None:
        return pa.nulls(n, kind)
    if pa.types.is_string(kind):
        texts = [text.encode() for text in values]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
    else:
        numbers = np.ascontiguousarray(values, dtype=kind.to_pandas_dtype())
        buffers = [None, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(kind, n, buffers)


def to_lists(lengths: np.ndarray, values: np.ndarray, kind: pa.ListType) -> pa.Array:
    """A column of lists of numbers that follow one another in `values`."""
    ends = np.cumsum([0, *lengths], dtype=np.int32)
    return pa.ListArray.from_arrays(
        to_column(ends, pa.int32(), len(ends)), to_column(values, kind.value_type, len(values))
    )


def to_numpy(column: pa.ChunkedArray) -> np.ndarray:
    """The numbers of a column without nulls."""
    if column.null_count:
        raise ValueError(f"{column.null_count} of {len(column)} values are null")
    joined = pa.concat_arrays(column.chunks) if column.num_chunks else pa.nulls(0, column.type)
    if not len(joined):
        return np.empty(0, joined.type.to_pandas_dtype())
    numbers = np.frombuffer(joined.buffers()[1], joined.type.to_pandas_dtype())
    return numbers[joined.offset : joined.offset + len(joined)]
