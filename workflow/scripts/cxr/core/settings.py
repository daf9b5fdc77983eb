"""A job's settings, typed at the door of the library."""

from collections.abc import Mapping
from typing import Any, TypeVar

import dacite

Settings = TypeVar("Settings")


def typed(kind: type[Settings], values: Mapping[str, Any]) -> Settings:
    """A frozen dataclass from a job's plain dict, nested ones and tuples included.

    Parameters
    ----------
    kind : type
        A dataclass.
    values : mapping
        A value for each field without a default, and for no other name.

    Raises
    ------
    dacite.DaciteError
        If a field is missing, unknown or of another type: rule and library disagree.
    """
    return dacite.from_dict(kind, values, dacite.Config(strict=True, cast=[tuple]))
