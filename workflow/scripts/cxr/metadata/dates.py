"""Dates in many spellings as ISO 8601, with the precision of the text."""

import re
from datetime import datetime

from cxr.metadata.normalise import tidy

# Formats of strptime that are read, each with the precision that it has.
FORMATS = (
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
NUMERIC = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})")


def date(text: object) -> str | None:
    """An ISO 8601 date with the precision of the text: year, month or day.

    Nothing is guessed: of a numeric date such as 3/7/2020 only the year is
    kept, unless one of the two numbers exceeds 12 and so is the day; a month
    and day without a year, or a year outside 1900 to 2100, gives None.
    """
    clean = tidy(text)
    if clean is None:
        return None
    numeric = NUMERIC.fullmatch(clean)
    if numeric:
        return _from_numbers(*numeric.groups())
    clean = re.sub(r"(?i)\bsept\b\.?", "Sep", clean.replace(".", ""))
    for pattern, precision in FORMATS:
        try:
            parsed = datetime.strptime(clean, pattern)
        except ValueError:
            continue
        if 1900 <= parsed.year <= 2100:
            return parsed.strftime(precision)
    return None


def is_ambiguous(text: object) -> bool:
    """Whether a numeric date, such as 3/7/2020, leaves open which number is the month."""
    numeric = NUMERIC.fullmatch(tidy(text) or "")
    if numeric is None:
        return False
    first, second = int(numeric[1]), int(numeric[2])
    return first != second and 1 <= first <= 12 and 1 <= second <= 12


def _from_numbers(first: str, second: str, year: str) -> str | None:
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
