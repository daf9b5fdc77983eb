"""Dates as people write them, in ISO 8601 with the precision that they have."""

import re
from datetime import datetime

from cxr.metadata.normalise import tidy

DATES = (
    ("%Y", "%Y"),
    ("%Y-%m", "%Y-%m"),
    ("%Y-%m-%d", "%Y-%m-%d"),
    ("%B %Y", "%Y-%m"),
    ("%b %Y", "%Y-%m"),
    ("%B %d, %Y", "%Y-%m-%d"),
    ("%b %d, %Y", "%Y-%m-%d"),
    ("%d %B %Y", "%Y-%m-%d"),
    ("%d %b %Y", "%Y-%m-%d"),
    ("%d-%b-%Y", "%Y-%m-%d"),
    ("%d-%b-%y", "%Y-%m-%d"),
)


def date(text: object) -> str | None:
    """An ISO 8601 date with the precision that the text gives: year, month or day.

    Nothing is guessed: of a date in figures such as 3/7/2020 only the year is
    kept, unless one of the two figures exceeds 12 and so is the day; a month
    and day without a year, or a year outside 1900 to 2100, gives None.
    """
    clean = tidy(text)
    if clean is None:
        return None
    figures = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", clean)
    if figures:
        return _from_figures(*figures.groups())
    clean = re.sub(r"(?i)\bsept\b\.?", "Sep", clean.replace(".", ""))
    for shape, precision in DATES:
        try:
            parsed = datetime.strptime(clean, shape)
        except ValueError:
            continue
        if 1900 <= parsed.year <= 2100:
            return parsed.strftime(precision)
    return None


def is_ambiguous(text: object) -> bool:
    """Whether a date in figures, such as 3/7/2020, leaves open which one is the month."""
    found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", tidy(text) or "")
    if found is None:
        return False
    first, second = int(found[1]), int(found[2])
    return first != second and 1 <= first <= 12 and 1 <= second <= 12


def _from_figures(first: str, second: str, year: str) -> str | None:
    a, b, y = int(first), int(second), int(year)
    y += 2000 if len(year) == 2 else 0
    if not 1900 <= y <= 2100:
        return None
    try:
        if a > 12:
            return datetime(y, b, a).strftime("%Y-%m-%d")
        if b > 12 or a == b:
            return datetime(y, a, b).strftime("%Y-%m-%d")
    except ValueError:
        return None
    return f"{y}" if a >= 1 and b >= 1 else None
