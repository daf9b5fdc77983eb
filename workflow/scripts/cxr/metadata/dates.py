"""Dates in many spellings as ISO 8601, with the precision of the text.

The names of months are English. The time of day and its zone are left out: the day is
the one that is written.
"""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from cxr.metadata.normalise import tidy

Order = Literal["day-first", "month-first"]
Numeric = Literal["day-first", "month-first", "year-first"]
EARLIEST, LATEST = 1900, 2100
# Two-digit years from this one on are of the 20th century, as in POSIX.
PIVOT = 69
MONTHS = {
    name: month
    for month, names in enumerate(
        (
            *("january jan", "february feb", "march mar", "april apr", "may", "june jun"),
            *("july jul", "august aug", "september sept sep", "october oct", "november nov"),
            "december dec",
        ),
        start=1,
    )
    for name in names.split()
}
# The days of a workbook are counted from this one (ECMA-376 part 1, 18.17.4.1, system of 1900).
WORKBOOK_EPOCH = datetime.date(1899, 12, 30)
WORKBOOK_DAYS = (20_000, 60_000)  # 1954 to 2064
# Of numbers of so many digits 10 digits are seconds since 1970 (2001 to 2286): pandas writes
# milliseconds into JSON and nanoseconds into CSV.
EPOCH = re.compile(r"([1-9][0-9]{9})(?:[0-9]{3}|[0-9]{6}|[0-9]{9})(?:\.0+)?")

_ZONE = r"(?:\s*(?:z|utc|gmt|[+-][0-9]{2}:?[0-9]{2}))?"
# SAS has a colon before the time. Colons divide it, in Oracle's timestamps full stops.
_CLOCK = r"[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2})?|\.[0-9]{2}\.[0-9]{2})(?:[.,][0-9]+)?"
_TIME = re.compile(
    rf"(?<=[0-9])(?:[t,]|\s|(?<=[a-z][0-9]{{4}}):)\s*{_CLOCK}(?:\s*[ap]\.?m\.?)?{_ZONE}$"
)
# DICOM PS3.5, value representation DT, and DA, its first eight digits.
_DIGITS = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+|[t\s]?[0-9]{2}(?:[0-9]{2}){0,2}(?:\.[0-9]{1,6})?(?:z|[+-][0-9]{4})?)?"
)
_YEAR = re.compile(r"([0-9]{4})(?:\.0+)?")
_YEAR_MONTH = re.compile(r"(?P<y>[0-9]{4})[-/.](?P<m>[0-9]{1,2})")
_MONTH_YEAR = re.compile(r"(?P<m>[0-9]{1,2})[-/.](?P<y>[0-9]{4})")
# Colons are those of EXIF.
_ISO = re.compile(r"(?P<y>[0-9]{4})([-/.:_])(?P<m>[0-9]{1,2})\2(?P<d>[0-9]{1,2})")
_NUMERIC = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
_NAME = rf"(?P<name>{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
_DAY = r"(?P<d>[0-9]{1,2})(?:st|nd|rd|th|\.)?"
_WEEKDAY = r"(?:(?:mon|tue|tues|wed|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?[\s,]+)?"
_GAP = r"[\s,/-]*"
_NAMED = tuple(
    re.compile(_WEEKDAY + pattern)
    for pattern in (
        rf"{_NAME}[\s,/-]+(?P<y>[0-9]{{4}})",
        rf"(?P<y>[0-9]{{4}})[\s,/-]+{_NAME}",
        rf"{_NAME}[\s/-]*{_DAY}[\s,/-]+(?P<y>[0-9]{{4}})",
        rf"{_NAME}\s+{_DAY}\s+[0-9:]{{8}}\s+(?:[a-z]{{3,4}}\s+)?(?P<y>[0-9]{{4}})",
        rf"{_DAY}{_GAP}(?:of\s+)?{_NAME}{_GAP}(?P<y>[0-9]{{4}}|[0-9]{{2}})",
        rf"(?P<y>[0-9]{{4}}){_GAP}{_NAME}{_GAP}{_DAY}",
    )
)


@dataclass(frozen=True)
class DateColumn:
    """The dates of a column.

    Attributes
    ----------
    values : list of str or None
        ISO 8601 with the precision of each text.
    ambiguous : list of bool
        Whether day and month of a text could not be told apart.
    """

    values: list[str | None]
    ambiguous: list[bool]


def date(text: object) -> str | None:
    """An ISO 8601 date with the precision of the text: year, month or day.

    Nothing is guessed: of a numeric date such as 3/7/2020 only the year is
    kept, unless one of the two numbers exceeds 12 and so is the day; a month
    and day without a year, or a year outside 1900 to 2100, gives None.
    """
    return read_column([tidy(text)], serials=False).values[0]


def read_column(
    texts: Sequence[str | None], order: Order | None = None, *, serials: bool = True
) -> DateColumn:
    """The dates of a column, of which one with a day above 12 decides for all.

    Numeric dates are read in groups, by their separator. The order of day and month is
    `order`, if given, else the only one in which every date of the group is a day of
    the calendar; if there is none, only the year of dates such as 3/7/2020 is kept. A
    date that is one in a single order is read in this.

    Parameters
    ----------
    texts : sequence of str or None
        The column, trimmed.
    order : "day-first", "month-first" or None
        How dates are read that do not decide it themselves; None to find it out.
    serials : bool
        Whether a column of nothing but numbers from 20000 to 60000 holds the serial
        numbers of a workbook's days, and one of nothing but numbers of 13, 16 or 19 digits
        milli-, micro- or nanoseconds since 1970 (UTC).
    """
    clean = [_simplified(text) if text else "" for text in texts]
    distinct = dict.fromkeys(text for text in clean if text)
    for is_number, day in ((_is_serial, _from_serial), (EPOCH.fullmatch, _from_epoch)):
        if serials and distinct and all(map(is_number, distinct)):
            values = [day(text) if text else None for text in clean]
            return DateColumn(values, [False] * len(values))
    readings = {text: _numeric(text) for text in distinct}
    _admit_year_first(readings)
    orders = _orders([text for text in distinct if readings[text]], readings)
    found = {
        text: _decided(options, order or orders.get(_separator(text)))
        if (options := readings[text])
        else (_plain(text), False)
        for text in distinct
    }
    found[""] = (None, False)
    return DateColumn([found[text][0] for text in clean], [found[text][1] for text in clean])


def _simplified(text: str) -> str:
    """In lower case, without the time of day and full stops after words."""
    return re.sub(r"(?<=[a-z])\.", "", _TIME.sub("", " ".join(text.casefold().split()))).strip()


def _orders(
    texts: Sequence[str], readings: Mapping[str, Mapping[Numeric, str]]
) -> dict[str, Numeric]:
    """The order of each separator's dates, where just one fits all of them."""
    fitting: dict[str, set[Numeric]] = {}
    for text in texts:
        group = fitting.setdefault(_separator(text), set(readings[text]))
        group &= set(readings[text])
    return {mark: next(iter(orders)) for mark, orders in fitting.items() if len(orders) == 1}


def _separator(text: str) -> str:
    numeric = _NUMERIC.fullmatch(text)
    return numeric[2] if numeric else ""


def _numeric(text: str) -> dict[Numeric, str]:
    """The days that a numeric date may be, by the order of its numbers; empty for other texts.

    With hyphens and two digits for the year, this may come first, as in ISO 8601:1988.
    """
    numeric = _NUMERIC.fullmatch(text)
    if numeric is None:
        return {}
    first, mark, second, third = numeric.groups()
    days: dict[Numeric, str | None] = {
        "day-first": _day(third, second, first),
        "month-first": _day(third, first, second),
    }
    if mark == "-" and len(first) == len(third) == 2:
        days["year-first"] = _day(first, second, third)
    return {order: day for order, day in days.items() if day is not None}


def _admit_year_first(readings: dict[str, dict[Numeric, str]]) -> None:
    """Lets the year come first in two-digit dates such as 20/03/25, where a column suggests it.

    It does where every date of a separator can be read so, and the years then are fewer than
    the years of the usual reading.
    """
    groups: dict[str, list[str]] = {}
    for text in readings:
        found = _NUMERIC.fullmatch(text)
        if found and found[2] != "-":
            groups.setdefault(found[2], []).append(text)
    for mark, texts in groups.items():
        numbers = [text.split(mark) for text in texts]
        days = {text: _day(*n) for text, n in zip(texts, numbers, strict=True) if len(n[2]) == 2}
        years = {first for first, _, _ in numbers}
        if len(days) == len(texts) and len(years) < len({last for _, _, last in numbers}):
            for text, day in days.items() if all(days.values()) else ():
                readings[text]["year-first"] = str(day)


def _decided(options: Mapping[Numeric, str], order: Numeric | None) -> tuple[str | None, bool]:
    """The day in that order, or the only one; else the year, if that is sure, and True."""
    if order is not None and order in options:
        return options[order], False
    if len(set(options.values())) == 1:
        return next(iter(options.values())), False
    years = {day[:4] for day in options.values()}
    return (years.pop() if len(years) == 1 else None), True


def _plain(text: str) -> str | None:
    """A date in which the order of the numbers is known."""
    digits = _DIGITS.fullmatch(text)
    if digits:
        return _day(*digits.groups())
    year = _YEAR.fullmatch(text)
    if year:
        return year[1] if EARLIEST <= int(year[1]) <= LATEST else None
    for pattern in (_ISO, _YEAR_MONTH, _MONTH_YEAR, *_NAMED):
        found = pattern.fullmatch(text)
        if found:
            parts = found.groupdict()
            month = parts.get("m") or str(MONTHS[parts["name"]])
            if parts.get("d"):
                return _day(parts["y"], month, parts["d"])
            whole = _day(parts["y"], month, "1")
            return whole[:7] if whole else None
    return None


def _day(year: str, month: str, day: str) -> str | None:
    """The ISO date of three numbers, None where there is no such day."""
    y = int(year)
    if len(year) == 2:
        y += 1900 if y >= PIVOT else 2000
    try:
        return (
            datetime.date(y, int(month), int(day)).isoformat() if EARLIEST <= y <= LATEST else None
        )
    except ValueError:
        return None


def _is_serial(text: str) -> bool:
    serial = _SERIAL.fullmatch(text)
    return serial is not None and WORKBOOK_DAYS[0] <= int(serial[1]) <= WORKBOOK_DAYS[1]


def _from_epoch(text: str) -> str | None:
    seconds = EPOCH.fullmatch(text)
    at = datetime.datetime.fromtimestamp(int(seconds[1]), datetime.UTC) if seconds else None
    return at.date().isoformat() if at is not None and at.year <= LATEST else None


def _from_serial(text: str) -> str:
    return (WORKBOOK_EPOCH + datetime.timedelta(days=int(text[:5]))).isoformat()
