"""Columns as short text: little-endian numbers in base64, with their type."""

import base64
import gzip
import json
from typing import Any

import numpy as np
import pandas as pd

# Longer text is cut: panels have little room.
MAX_LENGTH = 300
# Beside the page's pictures: which is whose.
PICTURES_INDEX = "index.json"


def pack(values: np.ndarray) -> dict[str, str]:
    """A column of numbers as the page unpacks it.

    Parameters
    ----------
    values : array
        Of a type that the browser has as a typed array: 8 to 32 bits, or float32.

    Returns
    -------
    dict
        `type`, as NumPy calls it, and `data`, base64 of the little-endian bytes.
    """
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return {"type": values.dtype.name, "data": base64.b64encode(little.tobytes()).decode("ascii")}


def pack_counts(values: np.ndarray) -> dict[str, str]:
    """Whole numbers from -1 (missing) on, in the fewest bits that hold them."""
    largest = int(values.max(initial=0))
    kind = next(k for k in (np.int8, np.int16, np.int32) if largest <= np.iinfo(k).max)
    return pack(values.astype(kind))


def pack_texts(values: pd.Series, ordered: bool = False) -> dict[str, Any]:
    """A column of texts: its levels, and for each value the number of its level.

    Parameters
    ----------
    values : Series
        Null where not recorded.
    ordered : bool
        Whether levels are sorted by name; else the commonest comes first.

    Returns
    -------
    dict
        `levels`, and `values`: packed numbers of levels, -1 where not recorded.
    """
    return pack_levels(*text_levels(values, ordered))


def text_levels(values: pd.Series, ordered: bool = False) -> tuple[pd.Series, list[str]]:
    """The texts of a column as the page has them, and their levels, as in `pack_texts`."""
    texts = values.map(_cut, na_action="ignore")
    counts = texts.value_counts()
    return texts, sorted(counts.index, key=lambda name: (0 if ordered else -counts[name], name))


def pack_levels(texts: pd.Series, levels: list[str]) -> dict[str, Any]:
    """A column of texts whose levels are known, as `pack_texts` returns it."""
    codes = pd.Categorical(texts, categories=levels).codes
    return {"levels": levels, "values": pack_counts(codes.astype(np.int64))}


def pack_numbers(values: pd.Series) -> dict[str, Any]:
    """A column of numbers, NaN where not recorded."""
    return {"values": pack(values.to_numpy(np.float32))}


def _cut(text: object) -> str:
    full = str(text)
    return full if len(full) <= MAX_LENGTH else f"{full[: MAX_LENGTH - 1]}…"


def compressed_json(document: Any) -> str:
    """JSON compressed by gzip, in base64: inside a page nothing of it can be markup."""
    text = json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("ascii"), mtime=0)).decode("ascii")
