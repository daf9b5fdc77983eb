"""Which column of a stranger's table holds what, guessed from names and values."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from cxr.config.catalogue.fields import may_name_person
from cxr.intake.survey import spread
from cxr.metadata.fields import numbers_of
from cxr.metadata.findings import terms, unlisted
from cxr.metadata.normalise import tidy, yes_no
from cxr.sources.rows import convert

# Words in the headers of published tables and of registries, the likeliest first.
HEADERS: dict[str, tuple[str, ...]] = {
    "file": (
        *("file", "filename", "filepath", "image", "imagefile", "imagefilename", "imagename"),
        *("imageid", "imageindex", "imagepath", "imageuid", "path", "dicomid", "dicomfile"),
        *("dicom", "img", "imgname", "imgid", "png", "jpg", "sopinstanceuid", "bild", "datei"),
    ),
    "patient_id": (
        *("patientid", "patient", "pid", "patid", "subjectid", "subject", "participantid"),
        *("participant", "ptid", "patientnumber", "patientno", "patnr", "patientennummer"),
        *("caseid", "case", "mrn"),
    ),
    "finding": (
        *("finding", "findings", "findinglabels", "label", "labels", "diagnosis", "diagnose"),
        *("class", "classname", "category", "target", "pathology", "disease", "condition"),
        *("befund", "group", "dx", "result", "outcome"),
    ),
    "view": ("view", "projection", "viewposition", "position", "viewpos", "orientation", "appa"),
    "modality": ("modality", "imagingmodality", "modalitytype"),
    "sex": ("sex", "gender", "patientsex", "patientgender", "geschlecht"),
    "age_years": ("age", "ageyears", "patientage", "ageinyears", "ageatstudy", "alter"),
    "date": (
        *("date", "studydate", "imagedate", "examdate", "acquisitiondate", "scandate", "datetime"),
        *("taken", "datum", "aufnahmedatum", "untersuchungsdatum", "timestamp", "studydatetime"),
    ),
    "offset_days": ("offset", "offsetdays", "admissionoffset", "dayssincesymptoms"),
    "country": ("country", "nation", "land"),
    "location": ("location", "hospital", "site", "institution", "center", "centre", "place"),
    "survival": ("survival", "survived", "alive", "vitalstatus"),
    "icu": ("icu", "wenticu", "inicu", "icuadmission"),
    "intubated": ("intubated", "intubation", "intubationpresent"),
    "severity": ("severity", "severe", "severitygrade"),
    "licence": ("licence", "license"),
    "doi": ("doi",),
}
# Texts of these may say anything, so that the header alone decides.
ANY_TEXT = ("patient_id", "finding", "location", "licence")
LEAST_PARSED = 0.5  # of the values of a column, for it to be what its header says
ROWS = 2000  # rows whose values are looked at
# A finding has few words for many rows; a field has too, or is a number.
MOST_FINDINGS = 30
# What columns that state one finding each hold; -1 is CheXpert's uncertain.
STATEMENTS = {*("0", "1", "-1", "0.0", "1.0", "-1.0", "True", "False", "TRUE", "FALSE")}
LEAST_STATING = 2
MOST_WORDS = 50
LONGEST_WORD = 60


@dataclass(frozen=True)
class Guess:
    """What a column is taken for.

    Attributes
    ----------
    header : str
        The column's name in the table.
    column : str or None
        The column of the shared schema, `fields` for a field of its own, None where it is
        not used.
    why : str
        In a few words.
    """

    header: str
    column: str | None
    why: str


def guess_columns(table: pd.DataFrame, is_image: Callable[[str], bool]) -> list[Guess]:
    """What each column of a table is taken for, in the table's order.

    Parameters
    ----------
    table : DataFrame
        Of text.
    is_image : callable
        Whether a text names an image that is there.
    """
    rows = table.iloc[spread(range(len(table)), ROWS)]
    texts = {header: rows[header].map(tidy).dropna() for header in table.columns}
    found: dict[str, Guess] = {}
    file = _guess_file(texts, is_image)
    if file is not None:
        found[file.header] = file
    for column in HEADERS:
        if column != "file":
            guess = _guess_by_header(column, {h: t for h, t in texts.items() if h not in found})
            if guess is not None:
                found[guess.header] = guess
    if "finding" not in {guess.column for guess in found.values()}:
        found |= _guess_stating({h: t for h, t in texts.items() if h not in found})
    if "finding" not in {guess.column for guess in found.values()}:
        guess = _guess_finding({h: t for h, t in texts.items() if h not in found})
        if guess is not None:
            found[guess.header] = guess
    return [found.get(header) or _guess_field(header, texts[header]) for header in table.columns]


def _guess_file(texts: Mapping[str, pd.Series], is_image: Callable[[str], bool]) -> Guess | None:
    """The column most of whose texts name an image."""
    counts = {header: sum(map(is_image, values)) for header, values in texts.items()}
    order = {header: -_rank(header, "file") for header in texts}
    best = max(counts, key=lambda header: (counts[header], order[header]), default=None)
    if best is None or not counts[best]:
        return None
    return Guess(best, "file", f"{counts[best]} of {len(texts[best])} name an image")


def _guess_by_header(column: str, texts: Mapping[str, pd.Series]) -> Guess | None:
    """The column whose header says so, and whose values can be read as such."""
    named = [header for header in texts if _rank(header, column) < len(HEADERS[column])]
    for header in sorted(named, key=lambda header: _rank(header, column)):
        values = texts[header]
        if values.empty:
            continue
        if column in ANY_TEXT:
            return Guess(header, column, f"by its name; {values.nunique()} values")
        parsed = _parsed(column, values)
        if parsed >= LEAST_PARSED * len(values):
            return Guess(header, column, f"by its name; {parsed} of {len(values)} can be read")
    return None


def _rank(header: str, column: str) -> int:
    """The place of a header among the words for a column, or their number where it is none."""
    words = HEADERS[column]
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header)
    parts = re.findall(r"[a-z]+", spaced.casefold())
    joined = "".join(parts[:-1] if parts[-1:] == ["dicom"] and len(parts) > 1 else parts)
    if joined in words:
        return words.index(joined)
    return len(words)


def _parsed(column: str, values: pd.Series) -> int:
    """How many values can be read as those of a column."""
    raw = pd.DataFrame({column: values.to_list(), "file": "x.png", "patient_id": "x"})
    summary = convert(raw, "guess").summary.set_index("column")
    return int(summary.loc[column, "normalised"])


def _guess_stating(texts: Mapping[str, pd.Series]) -> dict[str, Guess]:
    """Columns that are named after findings of the vocabulary and say of each whether it is there.

    An empty one is of no use but is one of them.
    """
    named = [h for h in texts if terms(h) and not unlisted(h) and set(texts[h]) <= STATEMENTS]
    counts = {h: int((texts[h].map(yes_no) == "yes").sum()) for h in named}
    if sum(count > 0 for count in counts.values()) < LEAST_STATING:
        return {}
    return {h: Guess(h, "finding", f"stated of {count} rows") for h, count in counts.items()}


def _guess_finding(texts: Mapping[str, pd.Series]) -> Guess | None:
    """Without a telling header: the first column of few words that are no numbers."""
    for header, values in texts.items():
        words = values.nunique()
        if 2 <= words <= MOST_FINDINGS and words * 3 <= len(values) and numbers_of(values) is None:
            return Guess(header, "finding", f"{words} different texts, no column is named so")
    return None


def _guess_field(header: str, values: pd.Series) -> Guess:
    """Whether a column is worth keeping as a field of its own."""
    words = values.nunique()
    if may_name_person(header):
        return Guess(header, None, "may name a person")
    if words < 2:
        return Guess(header, None, "empty" if not words else "one value for all")
    if numbers_of(values) is not None:
        return Guess(header, "fields", "a number")
    if values.str.len().max() > LONGEST_WORD or words > min(MOST_WORDS, len(values) // 2):
        return Guess(header, None, f"{words} different texts, too many to compare")
    return Guess(header, "fields", f"{words} different texts")
