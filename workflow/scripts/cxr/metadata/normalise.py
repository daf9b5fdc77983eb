"""Texts of a source as values of the shared schema."""

import re
import unicodedata
from datetime import datetime

import pandas as pd

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
YES_NO = {"y": "yes", "yes": "yes", "n": "no", "no": "no"}
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


def yes_no(text: object) -> str | None:
    """yes, no, or None."""
    return YES_NO.get(_word(text))


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
    """The terms of a finding, in their normalised spelling and the order of the text.

    Terms are separated by commas; `Pneumonia/Viral/COVID-19` is one path whose
    last part counts.
    """
    clean = tidy(finding)
    normalised = []
    for part in (clean or "").split(","):
        term = tidy(part.rsplit("/", 1)[-1])
        if term is not None:
            normalised.append(FINDINGS.get(term.casefold(), term))
    return list(dict.fromkeys(normalised))


def finding(text: object) -> str | None:
    """The terms joined by ", ", or None."""
    return ", ".join(terms(text)) or None
