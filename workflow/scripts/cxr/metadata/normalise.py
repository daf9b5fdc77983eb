"""Texts of a source as values of the shared schema."""

import re
import unicodedata
from datetime import datetime

import pandas as pd

from cxr.config.catalogue.projections import find_modality, find_view

NULL_WORDS = {
    *(
        "",
        "?",
        "??",
        "-",
        "--",
        "---",
        ".",
        "na",
        "n/a",
        "n.a.",
        "#n/a",
        "#na",
        "<na>",
        "nan",
        "nat",
    ),
    *("none", "null", "(null)", "\\n", "unknown", "unk", "todo", "tbd", "undefined", "missing"),
    *("unspecified", "not specified", "not available", "not reported", "not recorded"),
    *("not known", "not stated", "not given", "not provided", "not applicable"),
}
SEXES = {
    **dict.fromkeys(("m", "male", "males", "man", "men", "boy", "\u2642"), "M"),
    **dict.fromkeys(("f", "female", "females", "woman", "women", "girl", "w", "\u2640"), "F"),
    **dict.fromkeys(("mann", "m\u00e4nnlich", "maennlich", "homme", "hombre", "maschio"), "M"),
    **dict.fromkeys(("frau", "weiblich", "femme", "mujer", "femmina", "femenino"), "F"),
    **dict.fromkeys(("masculin", "masculino", "maschile"), "M"),
    **dict.fromkeys(("masc", "homem", "ni\u00f1o", "gar\u00e7on", "mannelijk", "erkek"), "M"),
    **dict.fromkeys(("fem", "mulher", "ni\u00f1a", "fille", "vrouw", "vrouwelijk"), "F"),
    # Russian, then Chinese and Japanese.
    **dict.fromkeys(("\u043c", "\u043c\u0443\u0436", "\u7537", "\u7537\u6027"), "M"),
    **dict.fromkeys(("\u0436", "\u0436\u0435\u043d", "\u5973", "\u5973\u6027"), "F"),
    **dict.fromkeys(("f\u00e9minin", "feminin", "femminile", "feminino"), "F"),
}
MISSPELT = {"Guangdon, China": "Guangdong, China"}
YES_NO = {
    **dict.fromkeys(("y", "yes", "t", "true", "1", "1.0"), "yes"),
    # What spreadsheet programs write for true and false in other languages, and yes and no.
    **dict.fromkeys(("wahr", "vrai", "verdadero", "vero", "ja", "oui", "si", "s\u00ed"), "yes"),
    **dict.fromkeys(("falsch", "faux", "falso", "nein", "non"), "no"),
    **dict.fromkeys(("n", "no", "f", "false", "0", "0.0"), "no"),
}
# Whether a finding is there.
STATED = {
    **YES_NO,
    **dict.fromkeys(("x", "+", "positive", "pos", "present"), "yes"),
    **dict.fromkeys(("negative", "neg", "absent"), "no"),
}
SURVIVAL = {
    **YES_NO,
    **dict.fromkeys(("alive", "living", "survived", "survivor", "recovered"), "yes"),
    **dict.fromkeys(("dead", "deceased", "died", "death", "expired", "fatal"), "no"),
    **dict.fromkeys(("non-survivor", "nonsurvivor", "not survived", "did not survive"), "no"),
}
INTUBATED = {**YES_NO, "intubated": "yes", "not intubated": "no", "non-intubated": "no"}


def as_text(cell: object) -> str | None:
    """The cell of a table as text, a time as the ISO date of its day; missing values are None."""
    if type(cell) is str:
        return cell
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return None
    return cell.date().isoformat() if isinstance(cell, datetime) else str(cell)


def tidy(cell: object) -> str | None:
    """Text without control characters and surplus white space; null words become None."""
    text = as_text(cell)
    if text is None:
        return None
    if not text.isprintable():  # nearly every text of a table is
        text = "".join(
            " " if unicodedata.category(letter) in ("Cc", "Cf", "Zs", "Zl", "Zp") else letter
            for letter in text
        )
    clean = " ".join(text.split())
    return None if clean.casefold() in NULL_WORDS else clean


def view(text: object) -> str | None:
    """A view of `cxr.config.catalogue.projections.VIEWS`, or None."""
    return find_view(tidy(text) or "")


def modality(text: object) -> str | None:
    """X-ray, CT, or None."""
    return find_modality(tidy(text) or "")


def sex(text: object) -> str | None:
    """M, F, or None."""
    return SEXES.get(_word(text))


def location(text: object) -> str | None:
    """A place as it stands, without a full stop at its end or a known misspelling, or None."""
    clean = (tidy(text) or "").rstrip(" .")
    return MISSPELT.get(clean, clean) or None


def yes_no(text: object) -> str | None:
    """yes, no, or None, of yes, no, true, false, 1, 0 and their first letters."""
    return YES_NO.get(_word(text))


def states(text: object) -> str | None:
    """Whether a finding is there, of `yes_no` or words such as present, absent and positive."""
    return STATED.get(_word(text))


def survival(text: object) -> str | None:
    """Whether a patient survived, of `yes_no` or words such as alive and deceased."""
    return SURVIVAL.get(_word(text))


def intubated(text: object) -> str | None:
    """Whether a patient was intubated, of `yes_no` or the word itself."""
    return INTUBATED.get(_word(text))


def _word(text: object) -> str:
    """In lower case, without a full stop at its end."""
    return (tidy(text) or "").casefold().removesuffix(".")


def number(text: object, low: float, high: float) -> float | None:
    """A decimal number between `low` and `high`, both included, or None.

    Its decimals follow a point or a comma; databases may add an exponent.
    """
    clean = (tidy(text) or "").replace("\u2212", "-")
    if not re.fullmatch(r"[+-]?[0-9]{1,9}([.,][0-9]+)?([eE][+-]?[0-9]{1,2})?", clean):
        return None
    value = float(clean.replace(",", "."))
    return value + 0.0 if low <= value <= high else None


def doi(text: object) -> str | None:
    """A digital object identifier without its resolver's address and stray spaces, or None."""
    clean = re.sub(r"\s+", "", tidy(text) or "")
    clean = re.sub(r"(?i)^(https?://)?(dx\.)?(doi\.org/|doi:)", "", clean)
    return clean if re.match(r"10\.\d{4,9}/\S", clean) else None


def offset_days(text: object) -> float | None:
    """Days since the first symptoms or admission, at most two years either way."""
    clean = re.sub(r"(?i)^day\s+(?=[0-9])|(?<=[0-9])\s*d(ays?)?$", "", tidy(text) or "")
    return number(clean, -730, 730)
