"""Looks at a folder or table of a stranger's data and writes a study file that runs on it.

python -m cxr.intake.init DATA [--study NAME]
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxr.config.catalogue.fields import own_fields
from cxr.config.resolve import CONFIG
from cxr.core.errors import InputError
from cxr.core.io import write_text
from cxr.features.external import import_table
from cxr.features.tables import feature_matrix
from cxr.intake.draft import Found, draft_study, find_layout
from cxr.intake.notes import show_notes
from cxr.intake.study_file import StudyDraft, features_text, study_text
from cxr.intake.survey import Survey, survey_folder

STUDIES = CONFIG / "studies"
MOST_LINES = 30
NO_PATIENTS = "no column of patients: without DICOM's PatientID each image is one of its own"
# Names of tables that say nothing of what is in them.
PLAIN_NAMES = ("cohort", "data", "images", "labels", "metadata", "table")
STUDY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
RECORDED = ("view", "modality", "sex", "age_years", "date", "country")


def init(data: str, study: str | None, folder: Path = STUDIES) -> Iterator[str]:
    """Writes a study file for a folder of images, a table beside images, or one of features.

    Parameters
    ----------
    data : str
        The folder or table.
    study : str or None
        The study's name; None for that of the folder or table.
    folder : Path
        Where the file is written.

    Yields
    ------
    str
        Lines that say what was found.

    Raises
    ------
    InputError
        If there is nothing that a study could be of, or the file exists.
    """
    place = Path(data).expanduser()
    if not place.exists():
        raise InputError(f"{data}: no such folder or file; make init DATA=FOLDER")
    name = study or _name(place)
    if not STUDY_NAME.fullmatch(name):
        raise InputError(f"{name}: no name for a study; letters, digits, - and _ alone: STUDY=NAME")
    target = folder / f"{name}.yaml"
    if target.exists():
        raise InputError(f"{target}: exists; remove it, or give another name: STUDY=NAME")
    root, table = (place, None) if place.is_dir() else (place.parent, place.name)
    survey = survey_folder(root)
    yield from _survey_lines(survey)
    if table is not None and not survey.images:
        yield from _of_features(place, name, target)
        return
    found = find_layout(survey, table)
    yield from _found_lines(found)
    draft = draft_study(name, data if table is None else str(root), found)
    yield from _draft_lines(draft)
    write_text(study_text(draft), target)
    yield from _next_lines(target, name)


def _name(place: Path) -> str:
    """A study's name after a folder or file."""
    stem = place.resolve().stem
    if stem.casefold() in PLAIN_NAMES:
        stem = place.resolve().parent.name
    plain = re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")
    return plain[:40] or "own"


def _of_features(path: Path, name: str, target: Path) -> Iterator[str]:
    external = import_table(path, "external")
    width = feature_matrix(external.features).shape[1]
    yield f"features  {path.name}: {len(external.features)} rows of {width} features"
    own = own_fields(external.metadata.columns)
    if own:
        yield f"          fields: {', '.join(own)}"
    for reason, number in Counter(external.rejected["reason"]).most_common(5):
        yield f"          {number} left out: {reason}"
    write_text(features_text(name, str(path)), target)
    yield from _next_lines(target, name)


def _survey_lines(survey: Survey) -> Iterator[str]:
    count = len(survey.images)
    some = "" if survey.decoded == count else f" (of {survey.decoded} that were opened)"
    yield f"{survey.root}"
    if count:
        yield f"images    {count}: {_counts(survey.formats)}{some}"
    if survey.sizes:
        low = " x ".join(str(min(side)) for side in zip(*survey.sizes, strict=True))
        high = " x ".join(str(max(side)) for side in zip(*survey.sizes, strict=True))
        yield f"          {low}" + ("" if low == high else f" to {high}") + " pixels"
    if survey.modalities:
        yield f"          modality by DICOM's tag: {_counts(survey.modalities)}"
    for reason, number in survey.problems.most_common():
        yield f"          {number} can't be used: {reason}"
    for title, files in (("tables", survey.tables), ("archives", survey.archives)):
        if files:
            more = f", and {len(files) - 5} more" if len(files) > 5 else ""
            yield f"{title:<10}{', '.join(files[:5])}{more}"
    if survey.others:
        yield f"others    {_counts(survey.others)}"


def _found_lines(found: Found) -> Iterator[str]:
    reading = found.reading
    if found.kind == "table":
        yield f"table     {found.settings['table']}, images in {found.settings['images']}"
        width = max(len(guess.header) for guess in found.guesses)
        for guess in found.guesses[:MOST_LINES]:
            yield f"          {guess.header:<{width}}  {guess.column or '-':<12} {guess.why}"
        if len(found.guesses) > MOST_LINES:
            yield f"          and {len(found.guesses) - MOST_LINES} more columns"
    elif found.kind == "folders":
        yield "layout    folders that are named after findings"
    else:
        yield f"layout    that of a published set: {found.kind}"
    rows = reading.rows
    yield f"rows      {len(rows)} images of {rows['patient_id'].nunique()} patients"
    for reason, number in Counter(reading.rejected["reason"]).most_common(5):
        yield f"          {number} left out: {reason}"
    for _, row in reading.summary[reading.summary["unparsed"] > 0].iterrows():
        yield f"          {row['column']}: {row['unparsed']} not understood: {row['examples']}"
    absent = [name for name in RECORDED if rows[name].isna().all()]
    if "patient" in found.settings:
        yield "          patients are read from the files' names"
    elif "patient_id" not in {guess.column for guess in found.guesses} and found.kind == "table":
        yield f"          {NO_PATIENTS}"
    if absent:
        yield f"missing   {', '.join(absent)}"


def _draft_lines(draft: StudyDraft) -> Iterator[str]:
    shown = [f"{name} {draft.counts[name][0]}" for name in draft.classes]
    yield f"classes   {', '.join(shown)}"
    if draft.others:
        yield f"          in none: {'; '.join(draft.others)}"
    for key, value in draft.source.get("constants", {}).items():
        yield f"assumed   {key}: {value}"


def _next_lines(target: Path, name: str) -> Iterator[str]:
    shown = target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target
    yield f"wrote     {shown}: look at its comments"
    yield f"next      make check-data STUDY={name}"
    yield f"          make study STUDY={name} QUICK=1"


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counter.most_common(8))


def main() -> None:
    """Prints what was found; ends with status 1 and one line where nothing can be made of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "data", help="a folder of images, a table beside images, or one of features"
    )
    parser.add_argument("--study", help="the study's name")
    options = parser.parse_args()
    show_notes()
    try:
        for line in init(options.data, options.study):
            print(line)
    except InputError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
