"""Which columns of a table are features."""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from cxr.core.errors import InputError
from cxr.sources.columns import find_column, no_column

# What a column holds; `whole` are whole numbers, which are features only where they are named,
# numbered like floats, or numbered and more than these.
Kind = Literal["float", "whole", "list", "other"]
# A family of fewer columns may be chance, where most floats are not of it.
SURE = 3


def choose_features(kinds: Mapping[str, Kind], named: Sequence[str] | str | None) -> list[str]:
    """The columns that are features: one of lists, or those of numbers.

    They are the `named` ones; else the one column of lists; else the largest family of columns
    whose names differ in their number alone (`f0` to `f63`); else all columns of floats.

    Parameters
    ----------
    kinds : mapping
        What each column holds, in the table's order, those aside that have a meaning of
        their own.
    named : sequence of str, str or None
        Names, or one pattern: with `*` and `?` as of files, else a regular expression.

    Raises
    ------
    InputError
        If there are none, or it can't be told which.
    """
    if named is not None:
        return _named(kinds, named)
    lists = [name for name, kind in kinds.items() if kind == "list"]
    if len(lists) > 1:
        raise _undecided(f"there are lists in {', '.join(lists[:5])}")
    if lists:
        return lists
    floats = [name for name, kind in kinds.items() if kind == "float"]
    families = [
        names
        for names in _families(kinds)
        if any(kinds[name] == "float" for name in names) or len(names) > len(floats)
    ]
    largest = max(map(len, families), default=0)
    first, *others = [names for names in families if len(names) == largest] or [[]]
    if others:
        raise _undecided(f"as many are numbered like {first[0]} as like {others[0][0]}")
    if len(first) < SURE and 2 * len(first) < len(floats):
        return floats
    if not first and not floats:
        raise InputError(
            "config key 'features.from_file': no columns of floats and no column of lists; "
            "store the features as float32, or name them in features.columns"
        )
    return first or floats


def _families(kinds: Mapping[str, Kind]) -> list[list[str]]:
    """Columns of numbers whose names differ in a number at their end, two or more."""
    families: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        start = name.rstrip("0123456789")
        if start != name and kind in ("float", "whole"):
            families.setdefault(start, []).append(name)
    return [names for names in families.values() if len(names) > 1]


def _named(kinds: Mapping[str, Kind], named: Sequence[str] | str) -> list[str]:
    if isinstance(named, str):
        columns = _matching(list(kinds), named)
    else:
        columns = []
        for name in named:
            found = find_column(name, kinds)
            if found is None:
                raise InputError(
                    f"config key 'features.columns': the table has {no_column(name, list(kinds))}"
                )
            columns.append(found)
    for name in columns:
        if kinds[name] == "other" or (kinds[name] == "list" and len(columns) > 1):
            what = "no numbers" if kinds[name] == "other" else "lists, and is not the only one"
            raise InputError(
                f"config key 'features.columns': the column {name} holds {what}; name the "
                f"columns of numbers, or the one column of lists"
            )
    return columns


def _matching(names: Sequence[str], pattern: str) -> list[str]:
    """The names that a pattern fits: one name, one as of files, or a regular expression."""
    found = find_column(pattern, names)
    if found is not None:
        return [found]
    try:
        matching = [name for name in names if fnmatch.fnmatchcase(name, pattern)] or [
            name for name in names if re.fullmatch(pattern, name)
        ]
    except re.error as error:
        raise InputError(
            f"config key 'features.columns': {pattern!r} is no pattern ({error}); "
            f"write one such as f* or f[0-9]+"
        ) from error
    if not matching:
        raise InputError(
            f"config key 'features.columns': {pattern!r} fits no column of numbers or lists; the "
            f"columns are {', '.join(names[:30])}"
        )
    return matching


def _undecided(why: str) -> InputError:
    return InputError(
        f"config key 'features.from_file': which columns are features? {why}; name them in "
        f"features.columns"
    )
