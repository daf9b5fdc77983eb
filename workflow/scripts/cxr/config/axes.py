"""Values of one axis of a sweep."""

from typing import Any

from cxr.config.base import Range, unique_values


def axis(value: Any, least: float, *, whole: bool) -> Any:
    """The list or range itself when its values can be an axis of the sweep."""
    values = value.values() if isinstance(value, Range) else value
    if not values:
        raise ValueError("the list is empty; name at least one value")
    if whole and any(number != int(number) for number in values):
        raise ValueError("values must be whole numbers")
    if min(values) < least or min(values) <= 0:
        raise ValueError(f"values must be {f'at least {least}' if least else 'greater than 0'}")
    unique_values(values)
    return value
