"""A table of features from a file: Parquet, or any other table, whose texts become numbers."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from cxr.core.errors import InputError
from cxr.core.io import read_arrow
from cxr.core.parquet_bounds import bounded_columns
from cxr.metadata.normalise import NULL_WORDS
from cxr.sources.columns import find_column
from cxr.sources.tables import PARQUET, index_name, read_table

# Features hardly compress, the metadata beside them ten times. Dividing a table takes three
# times its bytes, for which `import_features` asks.
ALWAYS_ALLOWED = 200 * 10**6
MAX_GROWTH = 10
# How programs write an index without a name.
INDEX = ("", "index", "Unnamed: 0")
_BETWEEN_WORDS = re.compile(r"[\s_.-]+")
# What surrounds the list in `tensor([0.1, 0.2])` and `array([0.1], dtype=float32)`.
_CALL = re.compile(
    r"^\s*(?:np\.|numpy\.|torch\.)?(?:tensor|array)\(|,\s*(?:dtype|device)=.*$", re.DOTALL
)
BETWEEN = re.compile(r"[\s,;]+")
# Both marks in one number: the last one is the decimal's.
THOUSANDS = (
    (re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+"), ","),
    (re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+"), "."),
)
SHORTENED = "..."
DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")


def read_features(
    path: str | Path, documented: Sequence[str]
) -> tuple[pa.Table, Sequence[str | None], Mapping[str, pd.Series]]:
    """The columns of a table of features that can be features or metadata.

    Parameters
    ----------
    path : path
    documented : sequence of str
        Columns with a meaning of their own: they stay text, and are named so however the
        table writes them.

    Returns
    -------
    table : Table
    problems : sequence of str or None
        Why each row can't be used, None where it can.
    texts : mapping of Series
        The texts of columns that became numbers or lists: as metadata they may be codes.

    Raises
    ------
    InputError
        If the file is damaged, or expands to more than `ALWAYS_ALLOWED` and `MAX_GROWTH`
        times its size; or as `read_table`.
    """
    path = Path(path)
    with path.open("rb") as stream:
        is_parquet = stream.read(len(PARQUET)) == PARQUET
    columns: dict[str, Any]
    if is_parquet:
        most = ALWAYS_ALLOWED + MAX_GROWTH * path.stat().st_size
        table = read_arrow(path, bounded_columns(path, most)).replace_schema_metadata(None)
        problems: Sequence[str | None] = [None] * len(table)
        columns = {
            index_name(name, table.column_names): column
            for name, column in zip(table.column_names, table.columns, strict=True)
        }
        texts = {
            name: column.to_pandas().astype("object")
            for name, column in columns.items()
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        }
    else:
        read = read_table(path, ["image_id"])
        problems = read.problems.tolist()
        rows = read.rows.copy()
        # The cells of such a row may be those of other columns.
        others = [name for name in rows.columns if find_column("image_id", [name]) is None]
        rows.loc[read.problems.notna(), others] = None
        texts = {str(name): rows[name] for name in rows.columns}
        columns = dict(texts)
    columns |= {
        name: column.cast(pa.float64())
        for name, column in columns.items()
        if isinstance(column, pa.ChunkedArray) and pa.types.is_decimal(column.type)
    }
    ids = _id_column(list(columns), texts)
    if ids is not None and find_column("image_id", columns) is None:
        columns = {"image_id" if name == ids else name: c for name, c in columns.items()}
        texts = {"image_id" if name == ids else name: c for name, c in texts.items()}
    names = list(columns)
    kept = {find_column(name, names) for name in documented}
    columns |= {name: _column(column, is_text=name in kept) for name, column in texts.items()}
    spelt = {find_column(name, names): name for name in documented}
    named = [spelt.get(name, name) for name in names]
    return pa.table(list(columns.values()), names=named), problems, texts


def _id_column(names: Sequence[str], texts: Mapping[str, pd.Series]) -> str | None:
    """The column of image ids where none is named so: `Image ID`, or an index without a name."""
    alike = [name for name in names if _BETWEEN_WORDS.sub("", name.casefold()) == "imageid"]
    if alike:
        return alike[0] if len(alike) == 1 else None
    indices = [name for name in INDEX if name in texts and _numbers(texts[name]) is None]
    return indices[0] if len(indices) == 1 else None


def _column(texts: pd.Series, *, is_text: bool) -> pa.Array:
    """A column of text as numbers, where most of its texts are such, or lists of numbers."""
    plain = texts.map(lambda text: text.strip() if isinstance(text, str) else None).astype("object")
    plain[plain.isna() | plain.str.casefold().isin(NULL_WORDS)] = None
    if not is_text:
        numbers = _numbers(plain)
        if numbers is not None:
            return pa.array(numbers, pa.float64())
        lists = _lists(plain)
        if lists is not None:
            return pa.array(lists, pa.list_(pa.float64()))
    return pa.array(plain.tolist(), pa.string())


def _numbers(texts: pd.Series) -> pd.Series | None:
    """The numbers, NaN where a text is none; None where there are hardly any."""
    present = texts.dropna().astype("object")
    for number, mark in THOUSANDS:
        divided = present.map(lambda text, n=number: n.fullmatch(text) is not None).astype(bool)
        present[divided] = present[divided].str.replace(mark, "", regex=False)
    commas = present.map(lambda text: DECIMAL_COMMA.fullmatch(text) is not None).astype(bool)
    present[commas] = present[commas].str.replace(",", ".")
    numbers = pd.to_numeric(present, errors="coerce").astype("float64").dropna()
    return None if 2 * len(numbers) <= len(present) else numbers.reindex(texts.index)


def _lists(texts: pd.Series) -> list[list[float] | None] | None:
    """The lists of numbers that texts hold, None for a shortened one; None where one is no list.

    Raises
    ------
    InputError
        If programs shortened most of them.
    """
    lists: list[list[float] | None] = []
    shortened = 0
    for text in texts:
        parts = BETWEEN.split(_CALL.sub("", text).strip("[](){} ")) if text is not None else []
        numbers = [part for part in parts if part and part != SHORTENED]
        try:
            values = [float(number) for number in numbers]
        except ValueError:
            return None
        is_whole = SHORTENED not in parts
        shortened += not is_whole
        lists.append(values if is_whole and text is not None else None)
    if 2 * shortened > len(lists):
        raise InputError(
            f"config key 'features.from_file': the column {texts.name} holds arrays that were "
            f"shortened ('{SHORTENED}') when they were written; store each number in a column"
        )
    return lists if any(lists) else None
