"""What the readers of sources returned, in files: rows as Parquet, all else as JSON."""

import os
from typing import Any

import numpy as np
import pandas as pd

from cxr.core.io import read_json, read_table, write_json, write_table
from cxr.metadata.schema import Reading

Path = str | os.PathLike[str]
TABLES = ("rejected", "summary", "spellings")


def write_reading(reading: Reading, rows: Path, rest: Path) -> None:
    """Writes a reading's rows as Parquet, and its other tables by column as one JSON document."""
    write_table(reading.rows, rows)
    tables = {name: getattr(reading, name) for name in TABLES}
    write_json(
        {
            name: {column: [_plain(cell) for cell in table[column]] for column in table}
            for name, table in tables.items()
        },
        rest,
    )


def read_reading(rows: Path, rest: Path) -> Reading:
    """Reads what `write_reading` wrote.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    tables = {name: pd.DataFrame(columns) for name, columns in read_json(rest).items()}
    tables["rejected"] = tables["rejected"].astype("str")
    # Text, numbers and nothing stand in one column.
    tables["spellings"] = tables["spellings"].astype({"value": "object", "note": "object"})
    return Reading.of(read_table(rows), **tables)


def _plain(cell: Any) -> Any:
    """A cell as JSON has it."""
    if pd.isna(cell):
        return None
    return cell.item() if isinstance(cell, np.generic) else cell
