"""The shared schema of all sources, and what turns their texts into it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pandas as pd

from cxr.core.errors import InputError

# Column types of the shared schema. Missing is null, never a word.
SCHEMA = {
    "image_id": "str",
    "source": "str",
    "file": "str",
    "patient_id": "str",
    "finding": "str",
    "view": "str",
    "modality": "str",
    "sex": "str",
    "age_years": "float64",
    "date": "str",
    "offset_days": "float64",
    "country": "str",
    "location": "str",
    "survival": "str",
    "icu": "str",
    "intubated": "str",
    "severity": "str",
    "severity_extent": "float64",
    "severity_opacity": "float64",
    "licence": "str",
    "doi": "str",
    "width": "Int32",
    "height": "Int32",
    "format": "str",
    "sha256": "str",
}
COLUMNS = tuple(SCHEMA)
REJECTED = ("source", "file", "stage", "reason")
SUMMARY = (
    "source",
    "column",
    "rows",
    "normalised",
    "unparsed",
    "missing",
    "ambiguous",
    "examples",
)

# Each distinct text of a column and what became of it.
SPELLINGS = ("source", "column", "text", "value", "rows")

NULL_WORDS = {"", "?", "-", "na", "n/a", "nan", "none", "null", "unknown", "todo", "unspecified"}
VIEWS = {
    "pa": "PA",
    "ap": "AP",
    "ap supine": "AP Supine",
    "aps": "AP Supine",
    "ap erect": "AP Erect",
    "ap semi erect": "AP Semi Erect",
    "l": "L",
    "lateral": "L",
    "axial": "Axial",
    "coronal": "Coronal",
    "coronal ct": "Coronal",
    "axial ct": "Axial",
}
MODALITIES = {"x-ray": "X-ray", "xray": "X-ray", "cr": "X-ray", "dx": "X-ray", "ct": "CT"}
SEXES = {"m": "M", "male": "M", "f": "F", "female": "F", "w": "F"}
MISSPELT = {"Guangdon, China": "Guangdong, China"}
ANSWERS = {"y": "yes", "yes": "yes", "n": "no", "no": "no"}
FINDINGS = {
    "covid-19": "COVID-19",
    "sars-cov-2": "COVID-19",
    "covid": "COVID-19",
    "sars": "SARS",
    "mers": "MERS",
    "mers-cov": "MERS",
    "ards": "ARDS",
    "no finding": "No finding",
    "normal": "No finding",
    "bacterial pneumonia": "bacterial pneumonia",
    "viral pneumonia": "viral pneumonia",
    "pneumonia": "pneumonia",
    "e.coli": "Escherichia coli",
    "mycoplasma bacterial pneumonia": "bacterial pneumonia",
}
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


@dataclass(frozen=True)
class Reading:
    """What was found in a source.

    Attributes
    ----------
    rows : DataFrame
        A row an image, columns as in `SCHEMA`.
    rejected : DataFrame
        A row for each entry that could not be used: source, file, stage, reason.
    summary : DataFrame
        A row for each column of text: of how many rows the value was
        normalised, could not be parsed (with the commonest examples), is
        missing, or was ambiguous and so only kept in part.
    spellings : DataFrame
        A row for each distinct text of a column, the value that it became, null
        where none, and of how many rows.
    """

    rows: pd.DataFrame
    rejected: pd.DataFrame
    summary: pd.DataFrame
    spellings: pd.DataFrame

    @classmethod
    def of(
        cls,
        rows: pd.DataFrame,
        rejected: pd.DataFrame | None = None,
        summary: pd.DataFrame | None = None,
        spellings: pd.DataFrame | None = None,
    ) -> "Reading":
        """A reading of `rows`; columns of the schema that they lack are null."""
        return cls(
            rows.reindex(columns=list(COLUMNS)).astype(SCHEMA),
            rejections([], [], "", []) if rejected is None else rejected,
            pd.DataFrame(columns=list(SUMMARY)) if summary is None else summary,
            pd.DataFrame(columns=list(SPELLINGS)) if spellings is None else spellings,
        )

    def without_rows(self) -> "Reading":
        """All but the rows."""
        return replace(self, rows=self.rows.iloc[:0])


def rejections(
    sources: Iterable[str], files: Iterable[str], stage: str, reasons: Sequence[str]
) -> pd.DataFrame:
    """A table of rejections: source, file, stage, reason."""
    table = pd.DataFrame(
        {"source": list(sources), "file": list(files), "stage": stage, "reason": list(reasons)}
    )
    return table.reindex(columns=list(REJECTED)).astype("str")


def combine(readings: Sequence[Reading]) -> Reading:
    """All rows sorted by image_id, everything else sorted by its columns."""
    rows = pd.concat([reading.rows for reading in readings], ignore_index=True).astype(SCHEMA)
    rejected = pd.concat([reading.rejected for reading in readings], ignore_index=True)
    summary = _together([reading.summary for reading in readings])
    spellings = _together([reading.spellings for reading in readings])
    return Reading(
        rows.sort_values("image_id", ignore_index=True),
        rejected.sort_values(list(REJECTED), ignore_index=True),
        summary.sort_values(["source", "column"], ignore_index=True),
        spellings.sort_values(["source", "column", "text"], ignore_index=True),
    )


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of those tables that have any."""
    return pd.concat([t for t in tables if not t.empty] or [tables[0]], ignore_index=True)


def need_rows(cleaned: Reading) -> Reading:
    """The same reading, if it has any row.

    Raises
    ------
    InputError
        If every entry was rejected; the commonest reason is named.
    """
    if cleaned.rows.empty:
        reasons = cleaned.rejected["reason"].value_counts()
        why = (
            f"{len(cleaned.rejected)} entries were rejected, most often: {reasons.index[0]}; "
            if (len(reasons))
            else ""
        )
        raise InputError(
            f"sources {', '.join(sorted(cleaned.rejected['source'].unique())) or '(none)'}: no "
            f"usable image; {why}check that the sources are complete"
        )
    return cleaned


def as_text(cell: object) -> str | None:
    """The cell of a table as text, a time as the ISO date of its day; missing values are None."""
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return None
    return cell.date().isoformat() if isinstance(cell, datetime) else str(cell)


def tidy(cell: object) -> str | None:
    """Text without control characters and surplus white space; null words become None."""
    text = as_text(cell)
    if text is None:
        return None
    clean = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp") else letter
        for letter in text
    )
    clean = " ".join(clean.split())
    return None if clean.casefold() in NULL_WORDS else clean


def view(text: object) -> str | None:
    """PA, AP, AP Supine, AP Erect, AP Semi Erect, L, Axial, Coronal, or None."""
    return VIEWS.get(_word(text))


def modality(text: object) -> str | None:
    """X-ray, CT, or None."""
    return MODALITIES.get(_word(text))


def sex(text: object) -> str | None:
    """M, F, or None."""
    return SEXES.get(_word(text))


def location(text: object) -> str | None:
    """A place as it stands, without a full stop at its end or a known misspelling, or None."""
    clean = (tidy(text) or "").rstrip(" .")
    return MISSPELT.get(clean, clean) or None


def answer(text: object) -> str | None:
    """yes, no, or None."""
    return ANSWERS.get(_word(text))


def _word(text: object) -> str:
    return (tidy(text) or "").casefold()


def number(text: object, low: float, high: float) -> float | None:
    """A plain decimal number between `low` and `high`, both included, or None."""
    clean = tidy(text) or ""
    if not re.fullmatch(r"[+-]?[0-9]{1,9}([.,][0-9]+)?", clean):
        return None
    value = float(clean.replace(",", "."))
    return value + 0.0 if low <= value <= high else None


def doi(text: object) -> str | None:
    """A digital object identifier without its resolver's address and stray spaces, or None."""
    clean = re.sub(r"\s+", "", tidy(text) or "")
    clean = re.sub(r"(?i)^(https?://)?(dx\.)?(doi\.org/|doi:)", "", clean)
    return clean if re.match(r"10\.\d{4,9}/\S", clean) else None


def age_years(text: object) -> float | None:
    """An age in years, 0 to 120; ages that are no number ("40+") are None."""
    return number(text, 0, 120)


def offset_days(text: object) -> float | None:
    """Days since the first symptoms or admission, at most two years either way."""
    return number(text, -730, 730)


def terms(finding: object) -> list[str]:
    """The terms of a finding, in their normalised spelling and the order given.

    Terms are separated by commas; `Pneumonia/Viral/COVID-19` is one path whose
    last part counts.
    """
    clean = tidy(finding)
    found = []
    for part in (clean or "").split(","):
        term = tidy(part.rsplit("/", 1)[-1])
        if term is not None:
            found.append(FINDINGS.get(term.casefold(), term))
    return list(dict.fromkeys(found))


def finding(text: object) -> str | None:
    """The terms joined by ", ", or None."""
    return ", ".join(terms(text)) or None


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
