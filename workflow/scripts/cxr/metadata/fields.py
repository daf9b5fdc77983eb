"""The fields of a study's own: text as it stands, or numbers where every text is one."""

import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from cxr.config.catalogue.fields import own_fields
from cxr.metadata.normalise import number, tidy
from cxr.metadata.schema import Reading

MAX_LENGTH = 200  # characters of a text
MAX_LEVELS = 50  # a text of more values identifies images, it does not group them
# A number with leading zeros is a code. A comma before three digits may divide thousands.
_WHOLE = r"[+-]?(0|[1-9][0-9]*)"
_POINT = re.compile(rf"{_WHOLE}(\.[0-9]*)?([eE][+-]?[0-9]+)?|[+-]?\.[0-9]+")
_COMMA = re.compile(rf"{_WHOLE}(,[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")


def own_text(cell: object) -> str | None:
    """A value of an own field: tidied text of at most `MAX_LENGTH` characters, or None."""
    text = tidy(cell)
    return None if text is None else text[:MAX_LENGTH].rstrip()


def own_number(cell: object) -> str | None:
    """The text of a number from 0 to a million, or None."""
    value = number(cell, 0, 1e6)
    return None if value is None else str(value)


def numbers_of(texts: Iterable[str]) -> dict[str, float] | None:
    """The number that each text is, or None where one of them is no number.

    All are read in one way: with a decimal point, or all with a decimal comma. Codes with
    leading zeros are no numbers, nor are texts in which every comma may divide thousands.
    """
    distinct = set(texts)
    if not distinct:
        return None
    if all(map(_POINT.fullmatch, distinct)):
        values = {text: float(text) for text in distinct}
    elif all(map(_COMMA.fullmatch, distinct)):
        if all(map(_THOUSANDS.fullmatch, (text for text in distinct if "," in text))):
            return None
        values = {text: float(text.replace(",", ".")) for text in distinct}
    else:
        return None
    # 0.0 is added so that there is no negative zero.
    return (
        {t: v + 0.0 for t, v in values.items()}
        if np.isfinite(list(values.values())).all()
        else None
    )


def typed_texts(texts: pd.Series) -> pd.Series:
    """Texts as numbers (float64) where each of them is one, and else as they are."""
    numbers = numbers_of(texts.dropna())
    if numbers is None:
        return texts.astype("str")
    return texts.map(numbers, na_action="ignore").astype("float64")


def own_numbers(rows: pd.DataFrame) -> list[str]:
    """The own fields that hold numbers, sorted."""
    return [n for n in own_fields(rows.columns) if pd.api.types.is_numeric_dtype(rows[n])]


def own_groups(rows: pd.DataFrame) -> list[str]:
    """The own fields of text that group images, sorted.

    A text with more than `MAX_LEVELS` values, or with more values than half of its images,
    is taken for an id.
    """
    numbers = own_numbers(rows)
    return [
        name
        for name in own_fields(rows.columns)
        if name not in numbers
        and rows[name].nunique() <= min(MAX_LEVELS, rows[name].notna().sum() / 2)
    ]


def type_fields(reading: Reading) -> Reading:
    """The reading of all sources with its own fields typed.

    A field is a number (float64) where each of its texts, in all sources, is one, and
    else text.
    """
    rows, spellings = reading.rows.copy(), reading.spellings.copy()
    for name in own_fields(rows.columns):
        of_field = spellings["column"] == name
        values = spellings.loc[of_field, "value"]
        numbers = numbers_of({*values.dropna(), *rows[name].dropna()})
        if numbers is not None:
            rows[name] = rows[name].map(numbers, na_action="ignore").astype("float64")
            spellings.loc[of_field, "value"] = values.map(numbers, na_action="ignore")
    return replace(reading, rows=rows, spellings=spellings)
