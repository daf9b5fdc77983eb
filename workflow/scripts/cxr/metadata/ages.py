"""Ages in years, of the spellings of tables and DICOM files."""

import re

import pandas as pd

from cxr.metadata.normalise import number, tidy

OLDEST = 120
BANDS = (0, 20, 40, 60, 80, 200)
LONGEST = 60  # characters of an age; what is longer is prose
DAYS, WEEKS, MONTHS = 365.25, 365.25 / 7, 12
# Units by their words and letters, each with how many of it are a year.
UNITS = {
    **dict.fromkeys(("y", "yr", "yrs", "yo", "year", "years"), 1.0),
    **dict.fromkeys(("jahre", "jahr", "ans", "an", "a\u00f1os", "anos", "anni"), 1.0),
    **dict.fromkeys(
        (
            "j",
            "\u043b\u0435\u0442",
            "\u0433\u043e\u0434",
            "\u0433\u043e\u0434\u0430",
            "\u5c81",
            "\u6b73",
        ),
        1.0,
    ),
    **dict.fromkeys(("monate", "monat", "mois", "meses", "mes", "mesi", "mese"), MONTHS),
    **dict.fromkeys(("wochen", "woche", "semaines", "semaine", "semanas", "semana"), WEEKS),
    **dict.fromkeys(("tage", "tag", "jours", "jour", "d\u00edas", "d\u00eda", "dias", "dia"), DAYS),
    **dict.fromkeys(("settimane", "settimana"), WEEKS),
    **dict.fromkeys(("giorni", "giorno"), DAYS),
    **dict.fromkeys(("mo", "mos", "mth", "mths", "month", "months"), MONTHS),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), WEEKS),
    **dict.fromkeys(("d", "day", "days"), DAYS),
}
# DICOM PS3.5, value representation AS: three digits and a letter.
_DICOM = re.compile(r"([0-9]{3})([dwmy])")
_LETTERS = {"y": 1.0, "m": MONTHS, "w": WEEKS, "d": DAYS}
# Of one or two digits with an M more than this may as well be a man's years: 45M.
MOST_MONTHS = 24
_MONTHS = re.compile(r"(?:(?P<years>[0-9]{1,3})\s*y\s*)?(?P<months>[0-9]{1,2})\s*m")
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_AMOUNT = r"[0-9]{1,5}(?:[.,][0-9]+)?"
_QUANTITY = re.compile(rf"({_AMOUNT})[\s-]*({_UNIT})\b\.?")
_QUANTITIES = re.compile(rf"{_QUANTITY.pattern}(?:\s*(?:,|and)?\s*{_QUANTITY.pattern})*")
_RANGE = re.compile(rf"({_AMOUNT})\s*(?:-|to)\s*({_AMOUNT})(?:\s*({_UNIT}))?")
_AT_LEAST = re.compile(
    rf"(?:>=?|\u2265|over)?\s*({_AMOUNT})\s*({_UNIT})?\s*"
    rf"(?:(?:\+|plus)\s*({_UNIT})?|(?:and|or) (?:older|over|above|more))?"
)
# Half-open ranges, as pandas and R write the bins of a cut: [40,50).
_BIN = re.compile(r"[\[(]\s*([0-9]+(?:\.[0-9]+)?)\s*,\s*([0-9]+(?:\.[0-9]+)?)\s*[\])]")
_DECADE = re.compile(r"([1-9]0)\s*'?s")
_DASHES = re.compile("[\u2010-\u2015]")


def age_years(text: object) -> float | None:
    """An age in years, 0 to 120, or None.

    Days, weeks and months are fractions of a year (`6M` is 0.5, `3 weeks` 0.0575).
    Of an open age the bound counts (`50+`, `>89` and `90 or older` are 50, 89 and 90), of a
    range its middle (`40-50` and `[40,50)` are 45, `60s`, which is 60-69, 64.5). Only an upper
    bound (`<1`) is no age; neither are more than 24 months without DICOM's three
    digits (`45M`), which may be the years of a man.
    """
    clean = _DASHES.sub("-", tidy(text) or "").casefold()
    if len(clean) > LONGEST:
        return None
    clean = re.sub(r"^age[\s:]+(?=[0-9])|[()](?=years?|y\b)|(?<=[a-z])\)$", "", clean)
    clean = _BIN.sub(r"\1-\2", clean)
    clean = re.sub(r"[\s-]*\b(?:of age|old)$|(?<=[0-9])\s*y\s?/\s?o$", "", clean).strip()
    years = number(clean, 0, OLDEST)
    return years if years is not None else _bounded(_years(clean))


def age_bands(years: pd.Series) -> pd.Series:
    """The band of 20 years of each age as text, such as `20 to 39`; null where there is none."""
    bands = pd.cut(years.astype("float64"), BANDS, right=False)
    names = [None if pd.isna(age) else f"{age.left:g} to {age.right - 1:g}" for age in bands]
    return pd.Series(names, index=years.index, dtype="object")


def _years(clean: str) -> float | None:
    """The age that a text without its "old" gives, whatever its size."""
    short = _DICOM.fullmatch(clean)
    if short:
        return int(short[1]) / _LETTERS[short[2]]
    months = _MONTHS.fullmatch(clean)
    if months:
        sure = months["years"] or int(months["months"]) <= MOST_MONTHS
        return int(months["years"] or 0) + int(months["months"]) / MONTHS if sure else None
    if _QUANTITIES.fullmatch(clean):
        return sum(_value(n) / UNITS[unit] for n, unit in _QUANTITY.findall(clean))
    middle = _RANGE.fullmatch(clean)
    if middle:
        low, high = _value(middle[1]), _value(middle[2])
        return (low + high) / 2 / UNITS[middle[3] or "y"] if low < high else None
    decade = _DECADE.fullmatch(clean)
    if decade:
        return int(decade[1]) + 4.5
    bound = _AT_LEAST.fullmatch(clean)
    return _value(bound[1]) / UNITS[bound[2] or bound[3] or "y"] if bound else None


def _value(text: str) -> float:
    return float(text.replace(",", "."))


def _bounded(years: float | None) -> float | None:
    return years if years is not None and 0 <= years <= OLDEST else None
