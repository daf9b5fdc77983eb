"""From what a folder or table holds to the draft of a study."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cxr.config.catalogue.fields import field_name
from cxr.config.catalogue.readers import PUBLISHED
from cxr.core.errors import InputError
from cxr.intake.guesses import Guess, guess_columns
from cxr.intake.study_file import StudyDraft
from cxr.intake.survey import Survey
from cxr.metadata.findings import terms
from cxr.metadata.schema import Reading
from cxr.sources.folders import FolderLayout
from cxr.sources.image_files import ImageFiles
from cxr.sources.patients import OnePatient, patients_in_names
from cxr.sources.readers import Layout, PublishedLayout, read
from cxr.sources.table import TableLayout
from cxr.sources.tables import read_table

SOURCE = "own"
MOST_CLASSES = 4
LEAST_PATIENTS = 5
UNEVEN = 3  # times the images of the smallest class, from which balancing would cost too many
MOST_FIELDS = 12
MODALITY = "X-ray"
# Patients in names of files, as in CheXpert and in the set of Kermany et al.
PATIENT = r"(?:^|[/_-])((?:patient|person|subject|sub|pat)[_-]?[0-9]+)"
# No table has such a column, so that one without a header is read with numbered columns.
NUMBERED = ("0",)


@dataclass(frozen=True)
class Found:
    """A way to read a folder.

    Attributes
    ----------
    kind : str
        `table`, `folders`, or the name of a published layout.
    settings : dict
        The source in the config, without its path.
    layout : Layout
    reading : Reading
        What it gives.
    guesses : list of Guess
        Of a table's columns.
    """

    kind: str
    settings: dict[str, Any]
    layout: Layout
    reading: Reading
    guesses: list[Guess]


def find_layout(survey: Survey, table: str | None) -> Found:
    """The way to read a folder that gives the most images, with several findings if one does.

    Parameters
    ----------
    survey : Survey
    table : str or None
        The table below the folder that is to be read; None to look for the best one.

    Raises
    ------
    InputError
        If there is none: why, if its patients are the reason, or a table was named.
    """
    ways: list[Found] = []
    refusals: list[InputError] = []

    def add(way: Callable[[], Found | None]) -> None:
        try:
            found = way()
        except InputError as error:
            refusals.append(error)
            return
        if found is not None:
            ways.append(found)

    for path in [table] if table is not None else survey.tables:
        add(partial(_by_table, survey, path))
    if table is None:
        add(partial(_by_folders, survey.root))
        ways = [*(way for name in PUBLISHED if (way := _published(survey.root, name))), *ways]
    best = max(ways, key=_worth, default=None)
    if best is None or best.reading.rows.empty:
        told = [error for error in refusals if table is not None or isinstance(error, OnePatient)]
        raise told[0] if told else InputError(_nothing(survey))
    return _with_patients(survey.root, best)


def _worth(found: Found) -> tuple[bool, int]:
    """Whether there are findings to compare, and how many images."""
    rows = found.reading.rows
    return "finding" in rows and len(rows["finding"].dropna().unique()) > 1, len(rows)


def _published(root: Path, name: str) -> Found | None:
    layout = PublishedLayout(name)
    settings = {"kind": "directory", "reader": name}
    try:
        return Found(name, settings, layout, read(SOURCE, root, layout), [])
    except (InputError, OSError):
        return None


def _with_patients(root: Path, found: Found) -> Found:
    """The same with patients from the files' paths, where these tell them and nothing else does."""
    rows, layout = found.reading.rows, found.layout
    if isinstance(layout, PublishedLayout) or rows["patient_id"].nunique() < len(rows):
        return found
    if rows.empty or None in patients_in_names(rows["file"], PATIENT):
        return found
    return replace(
        found,
        settings={**found.settings, "patient": PATIENT},
        reading=read(SOURCE, root, replace(layout, patient=PATIENT)),
    )


def _by_folders(root: Path) -> Found:
    layout = FolderLayout("folders", ".", None, {})
    reading = read(SOURCE, root, layout)
    return Found("folders", {"kind": "folders"}, layout, reading, [])


def _by_table(survey: Survey, file: str) -> Found | None:
    known = frozenset(survey.images)
    files = ImageFiles(survey.root)

    def image(text: str) -> str | None:
        found = files.find(text)
        return found.file if found.problem is None and found.file in known else None

    table = read_table(survey.root / file).rows
    if any(image(name) for name in table.columns if name):
        table = read_table(survey.root / file, NUMBERED).rows
    if table.empty:
        return None
    guesses = guess_columns(table, lambda text: image(text) is not None)
    columns: dict[str, Any] = {
        g.column: g.header for g in guesses if g.column not in (None, "fields")
    }
    stating = [g.header for g in guesses if g.column == "finding"]
    if len(stating) > 1:
        columns["finding"] = stating
    if "file" not in columns:
        return None
    fields = _own_fields(guesses)
    if fields:
        columns["fields"] = fields
    named = [image(text) for text in table[columns["file"]].dropna()]
    folder = _common_folder([name for name in named if name])
    constants = {} if "finding" in columns else {"finding": "unknown"}
    layout = TableLayout("table", file, folder, columns, constants)
    reading = read(SOURCE, survey.root, layout)
    settings = {"kind": "table", "table": file, "images": folder, "columns": columns}
    return Found("table", settings, layout, reading, guesses)


def _own_fields(guesses: Sequence[Guess]) -> dict[str, str]:
    """The headers of own fields by names that the config takes."""
    fields: dict[str, str] = {}
    for guess in guesses:
        name = field_name(guess.header)
        if guess.column == "fields" and name is not None and name not in fields:
            fields[name] = guess.header
    return dict(list(fields.items())[:MOST_FIELDS])


def _common_folder(files: Sequence[str]) -> str:
    return os.path.commonpath([str(PurePosixPath(file).parent) for file in files]) or "."


def draft_study(name: str, path: str, found: Found) -> StudyDraft:
    """The draft of a study of what was found.

    Classes are the commonest findings; a class whose patients are too few to be split is
    left out.

    Raises
    ------
    InputError
        If there are fewer than two classes.
    """
    rows = found.reading.rows
    present = _present(rows)
    classes = _classes(rows, present)
    listed = "; ".join(f"{term} ({n})" for term, n in present["images"].head(10).items())
    if len(classes) < 2:
        raise InputError(
            f"{path}: a study needs two findings with at least {LEAST_PATIENTS} patients each; "
            f"there are {listed or 'none'}; name the column of findings, or sort the images into "
            f"folders named after what they show"
        )
    others = [f"{t} ({n})" for t, n in present["images"].items() if t not in classes][:10]
    source: dict[str, Any] = {"kind": found.settings["kind"], "path": path, **found.settings}
    constants: dict[str, str] = {}
    notes = {
        f"columns.{g.column}": g.why for g in found.guesses if g.column not in (None, "fields")
    }
    if "patient" in source:
        notes["patient"] = "a guess, from the files' names"
    notes |= {f"columns.fields.{key}": "a field of your own" for key in _own_fields(found.guesses)}
    modality = _commonest(rows["modality"])
    if modality is None:
        constants["modality"] = modality = MODALITY
        notes["constants.modality"] = "a guess: nothing says so; CT for slices"
    if constants and found.kind in ("table", "folders"):
        source["constants"] = constants
    images = present.loc[classes, "images"].tolist()
    shown = classes[0] if classes[0] != "No finding" else classes[1]
    return StudyDraft(
        study=name,
        source=source,
        notes=notes,
        classes={term: term for term in sorted(classes)},
        counts={
            t: (int(present.loc[t, "images"]), int(present.loc[t, "patients"])) for t in classes
        },
        others=others,
        views=_views(rows["view"]),
        modality=modality,
        mapped=shown,
        balanced=max(images) <= UNEVEN * min(images),
    )


def _present(rows: pd.DataFrame) -> pd.DataFrame:
    """Numbers of `images` and `patients` of each term, the commonest first."""
    pairs = [
        (term, patient)
        for finding, patient in zip(rows["finding"], rows["patient_id"], strict=True)
        for term in terms(finding)
    ]
    table = pd.DataFrame(pairs, columns=["term", "patient"])
    counts = table.groupby("term")["patient"].agg(images="size", patients="nunique")
    return counts.sort_values(["patients", "images"], ascending=False, kind="stable")


def _classes(rows: pd.DataFrame, present: pd.DataFrame) -> list[str]:
    """The commonest terms, less those that few patients have without one before them."""
    sets = [frozenset(terms(finding)) for finding in rows["finding"]]
    chosen: list[str] = []
    for term in present.index:
        alone = {
            patient
            for present_terms, patient in zip(sets, rows["patient_id"], strict=True)
            if term in present_terms and present_terms.isdisjoint(chosen)
        }
        if len(alone) >= LEAST_PATIENTS and len(chosen) < MOST_CLASSES:
            chosen.append(term)
    return chosen


def _commonest(values: pd.Series) -> str | None:
    counts = Counter(values.dropna())
    return counts.most_common(1)[0][0] if counts else None


def _views(values: pd.Series) -> list[str] | None:
    """The frontal views that are there; None, for every view, where an image has none."""
    if values.isna().any():
        return None
    frontal = sorted({value for value in values if value not in ("L", "Axial", "Coronal")})
    return frontal or sorted(set(values))


def _nothing(survey: Survey) -> str:
    """Why a folder can't be read as a source."""
    if not survey.images and survey.archives:
        shown = ", ".join(survey.archives[:5])
        return (
            f"{survey.root}: no image, but archives: {shown}; unpack them and look again, or "
            f"name them as `unpack` of the source of a published set"
        )
    if not survey.images:
        return f"{survey.root}: no image in it; name the folder that holds the images"
    tables = f"none of its tables ({', '.join(survey.tables[:5])})" if survey.tables else "no table"
    return (
        f"{survey.root}: {tables} names its images, and no folder is named after a finding; add a "
        f"table with the columns image, patient and finding, a row an image"
    )
