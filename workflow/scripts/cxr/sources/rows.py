"""Rows of text as rows of the shared schema, and rejections of those that can't be."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from cxr.config.catalogue.fields import own_fields
from cxr.metadata import dates, normalise
from cxr.metadata.ages import age_years
from cxr.metadata.countries import country, country_of_place
from cxr.metadata.fields import own_text
from cxr.metadata.findings import finding, unlisted
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import SPELLING_COLUMNS, SUMMARY_COLUMNS, Reading, rejections
from cxr.metadata.severity import extent_score, opacity_score, severity
from cxr.sources.files import file_problem
from cxr.sources.patients import plain_patients

log = logging.getLogger("cxr")

Parser = Callable[[str | None], object]
# Function that turns a column's text into the schema's value; None where there is none.
PARSERS: dict[str, Parser] = {
    "finding": finding,
    "view": normalise.view,
    "modality": normalise.modality,
    "sex": normalise.sex,
    "age_years": age_years,
    "date": dates.date,
    "offset_days": normalise.offset_days,
    "country": country,
    "location": normalise.location,
    "survival": normalise.survival,
    "icu": normalise.yes_no,
    "intubated": normalise.intubated,
    "severity": severity,
    "severity_extent": extent_score,
    "severity_opacity": opacity_score,
    "licence": tidy,
    "mask": tidy,
    "doi": normalise.doi,
}
EXAMPLES = 3
# Columns in which the rows of one file may not differ, and their plurals; the last counts.
CONTRADICTIONS = {
    "date": "dates",
    "age_years": "ages",
    "sex": "sexes",
    "modality": "modalities",
    "view": "views",
    "finding": "findings",
}
NOT_UNDERSTOOD = "not understood"
AMBIGUOUS = "day and month can't be told apart"


def convert(
    raw: pd.DataFrame,
    source: str,
    filled: Sequence[str] = (),
    own: Mapping[str, Parser] | None = None,
    date_order: dates.Order | None = None,
) -> Reading:
    """Rows of text as rows of the shared schema.

    Parameters
    ----------
    raw : DataFrame
        Text in columns named as in the schema; `file` and `patient_id` are
        needed, the latter without its source. A row without a patient counts
        as one of its own. Columns of other names are the study's own fields.
    source : str
    filled : sequence of str
        Columns that the reader filled in itself: they are not counted as cleaned.
    own : mapping, optional
        Functions that turn texts of own fields into tidy text; `own_text` for the others.
    date_order : "day-first", "month-first" or None
        As in `cxr.metadata.dates.read_column`.

    Returns
    -------
    Reading
        The rows, for each column how many values were normalised, unparsed or
        missing, and its distinct texts, unchanged, with the value of each.
    """
    rows = pd.DataFrame({"file": raw["file"].to_list()})
    rows["image_id"] = [f"{source}/{file}" for file in rows["file"]]
    rows["source"] = source
    patients = [
        tidy(text) or file for text, file in zip(raw["patient_id"], raw["file"], strict=True)
    ]
    rows["patient_id"] = [f"{source}:{patient}" for patient in patients]
    summary: list[dict[str, object]] = []
    spellings: list[dict[str, object]] = []
    parsers = {**PARSERS, **dict.fromkeys(own_fields(raw.columns), own_text), **(own or {})}
    places = {"location", "country"} <= set(raw.columns) and raw["country"].equals(raw["location"])
    for name in (column for column in parsers if column in raw.columns):
        texts = [tidy(text) for text in raw[name]]
        if name == "date":
            values, notes = _dates(texts, date_order)
        else:
            parse = country_of_place if name == "country" and places else parsers[name]
            values, notes = _parsed(texts, parse, unlisted if name == "finding" else None)
        rows[name] = values
        if name not in filled:
            counted = _summary(texts, values, notes)
            summary.append({"source": source, "column": name, **counted})
            if counted["examples"]:
                log.info("%s: not all of %s is understood: %s", source, name, counted["examples"])
            spellings += [
                {"source": source, "column": name, **spelling}
                for spelling in _spellings(raw[name], texts, values, notes)
            ]
    return Reading.of(
        rows,
        summary=pd.DataFrame(summary, columns=list(SUMMARY_COLUMNS)),
        spellings=pd.DataFrame(spellings, columns=list(SPELLING_COLUMNS)).astype(
            {"value": "object", "note": "object"}
        ),
    )


def _parsed(
    texts: Sequence[str | None],
    parse: Callable[[str | None], object],
    unknown: Callable[[str], list[str]] | None,
) -> tuple[list[object], list[str | None]]:
    """The value of each text, and what of it was not understood."""
    values = {text: parse(text) for text in dict.fromkeys(texts)}
    notes: dict[str | None, str | None] = {None: None}
    for text in filter(None, values):
        others = unknown(text) if unknown is not None else []
        notes[text] = NOT_UNDERSTOOD if values[text] is None else None
        if others:
            notes[text] = f"not in the vocabulary: {', '.join(others)}"
    return [values[text] for text in texts], [notes[text] for text in texts]


def _dates(
    texts: Sequence[str | None], order: dates.Order | None
) -> tuple[list[object], list[str | None]]:
    """The dates of a column, and what of each was not understood."""
    column = dates.read_column(texts, order)
    notes = [
        AMBIGUOUS if ambiguous else NOT_UNDERSTOOD if text and value is None else None
        for text, value, ambiguous in zip(texts, column.values, column.ambiguous, strict=True)
    ]
    return list(column.values), notes


def _summary(
    texts: Sequence[str | None], values: Sequence[object], notes: Sequence[str | None]
) -> dict[str, object]:
    """How many texts of a column were normalised, unparsed, missing, ambiguous or unlisted."""
    noted = Counter(text for text, note in zip(texts, notes, strict=True) if text and note)
    common = sorted(noted.items(), key=lambda item: (-item[1], item[0]))[:EXAMPLES]
    counts = Counter(notes)
    return {
        "rows": len(texts),
        "normalised": sum(value is not None for value in values),
        "unparsed": sum(
            bool(text) and value is None for text, value in zip(texts, values, strict=True)
        ),
        "missing": sum(text is None for text in texts),
        "ambiguous": counts[AMBIGUOUS],
        "unlisted": sum(
            count for note, count in counts.items() if note not in (None, AMBIGUOUS, NOT_UNDERSTOOD)
        ),
        "examples": "; ".join(f"{text[:60]} ({count})" for text, count in common),
    }


def _spellings(
    cells: pd.Series,
    texts: Sequence[str | None],
    values: Sequence[object],
    notes: Sequence[str | None],
) -> Iterator[dict[str, object]]:
    """Each distinct text of a column, unchanged, with its value, number of rows and note."""
    originals = [str(cell) if text else None for cell, text in zip(cells, texts, strict=True)]
    counts = Counter(originals)
    read = dict(zip(originals, zip(values, notes, strict=True), strict=True))
    for original, (value, note) in read.items():
        if original:
            yield {"text": original, "value": value, "rows": counts[original], "note": note}


def build_reading(
    raw: pd.DataFrame,
    source: str,
    unlisted: Sequence[str],
    reason: str,
    filled: Sequence[str] = (),
    own: Mapping[str, Parser] | None = None,
    date_order: dates.Order | None = None,
) -> Reading:
    """The usable rows in the shared schema, and a rejection for everything else.

    Parameters
    ----------
    raw : DataFrame
        As in `divide_rows` and `convert`.
    source : str
    unlisted : sequence of str
        Files that no row names.
    reason : str
        Why these are rejected.
    filled, own, date_order
        As in `convert`.
    """
    raw = raw.assign(patient_id=plain_patients(source, raw["patient_id"]))
    usable, rejected = divide_rows(raw, source)
    others = rejections([source] * len(unlisted), unlisted, "metadata", [reason] * len(unlisted))
    reading = convert(usable, source, filled, own, date_order)
    return replace(reading, rejected=pd.concat([rejected, others], ignore_index=True))


def warn_of_mixed_sexes(rows: pd.DataFrame, path: Path) -> None:
    """Warns of patient ids that seem to be those of two patients; they stay in one split."""
    if "sex" not in rows.columns:
        return
    sexes = rows["sex"].map(normalise.sex).groupby(rows["patient_id"].map(tidy)).nunique()
    mixed = sexes.index[sexes > 1].tolist()
    if mixed:
        log.warning(
            "%s: patient %s has rows of both sexes; its images are kept in one split",
            path,
            ", ".join(map(str, mixed[:10])),
        )


def divide_rows(raw: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows whose file can be that of one image, and rejections of the others.

    Of rows that name one file the first counts, or none where they contradict each other
    (`CONTRADICTIONS`): a missing value contradicts nothing.

    Parameters
    ----------
    raw : DataFrame
        `file`, relative to the source's folder and empty where there is none,
        `patient_id`, and optionally `problem`, why a row can't be used.
    """
    reasons = raw["file"].map(file_problem).astype("object")
    reasons = reasons.where(reasons.notna(), None)
    if "problem" in raw.columns:
        reasons = raw["problem"].astype("object").where(raw["problem"].notna(), reasons)
    named = raw.loc[reasons.isna()]
    repeated = named.loc[named["file"].duplicated(keep=False)]
    owners = repeated["patient_id"].map(tidy).groupby(repeated["file"]).nunique(dropna=False)
    patients = repeated["file"].map(owners)
    reasons[patients.index[patients > 1]] = "one file under several patients"
    repeated = repeated.loc[patients == 1]
    later = repeated.index[repeated["file"].duplicated()]
    reasons[later] = "the same file in an earlier row"
    for name, what in CONTRADICTIONS.items():
        if name in repeated.columns:
            parsed = _parsed(repeated[name].tolist(), PARSERS[name], None)[0]
            values = pd.Series(map(_comparable, parsed), repeated.index, dtype="object")
            differ = values.groupby(repeated["file"]).transform("nunique") > 1
            reasons[differ.index[differ]] = f"several rows with different {what}"
    unusable, sources = raw.loc[reasons.notna()], [source] * int(reasons.notna().sum())
    rejected = rejections(sources, unusable["file"], "metadata", reasons.dropna().tolist())
    return raw.loc[reasons.isna()], rejected


def _comparable(value: object) -> object:
    """A value that equals another of the same meaning: terms in any order."""
    return ", ".join(sorted(value.split(", "))) if isinstance(value, str) else value
