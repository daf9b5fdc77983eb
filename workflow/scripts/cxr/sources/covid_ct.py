"""COVID-CT (UCSD-AI4H/COVID-CT): CT slices cut out of publications.

References
----------
X. Yang, X. He, J. Zhao, Y. Zhang, S. Zhang, P. Xie, "COVID-CT-Dataset: a CT scan dataset about
COVID-19", 2020, arXiv:2003.13865.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from cxr.core.errors import InputError
from cxr.images.formats import IMAGE_SUFFIXES
from cxr.metadata.normalise import doi, tidy
from cxr.metadata.schema import Reading
from cxr.sources.files import list_files
from cxr.sources.rows import build_reading, warn_of_mixed_sexes
from cxr.sources.tables import read_table

log = logging.getLogger("cxr")

SHEET = "COVID-CT-MetaInfo.xlsx"
POSITIVE, NEGATIVE = "CT_COVID", "CT_NonCOVID"
COLUMNS = {
    "Age": "age_years",
    "Gender": "sex",
    "Location": "location",
    "Severity": "severity",
    "DOI": "doi",
}
# Slices of the first folder whose captions say that they show something else.
CAPTIONS = "Captions"
OTHER_DISEASE = re.compile(
    r"CT images of the control|\b[A-Z], Heart failure\b|anti-NTM treatment", re.IGNORECASE
)
# Numbers of one patient each: by their caption (case 8; panels A and B), by one age and sex in
# one figure, or because the figure was cut out twice, the second time whole.
SAME_PATIENT = (
    range(128, 140),
    (195, 196),
    (146, 147),
    (148, 149),
    (124, 125, 126, 127, 168, 169),
    (154, 163),
    (155, 162),
    (157, 166),
    (158, 165),
    (159, 164),
    (160, 167),
)
# medRxiv and bioRxiv publications are named by date and number, as their DOIs are.
PREPRINT = re.compile(r"2020\.\d\d\.\d\d\.\d+")


def read(source: str, root: Path) -> Reading:
    """Reads the spreadsheet and the slices of both folders, wherever they were unpacked.

    A slice of the folder of COVID-19 needs a row, found by its name without
    extension and white space, since a quarter of the sheet's names lack either.
    Several numbers of one patient are joined, slices whose caption names a
    control, heart failure or a mycobacterial infection are rejected, and a DOI
    that is not stated, or is none, is that of the preprint in the slice's name.

    The other slices have no metadata. Of `10%2.jpg` the patient is the number,
    10; of `1215.png` it is the run of numbers that 1215 is in, of which no two
    neighbours in a row are missing, since neighbours are mostly slices of one scan.
    A slice without a number counts as a patient of its own. These are guesses, but
    wrong ones join patients rather than divide one.

    Parameters
    ----------
    source : str
    root : Path
        Holds the spreadsheet and, at any depth, `CT_COVID/` and `CT_NonCOVID/`.

    Raises
    ------
    InputError
        If the spreadsheet is missing or no whole workbook, lacks a column, or
        there is no slice.
    """
    path = root / SHEET
    sheet = read_table(path).rows
    required = ("File name", "Patient ID", *COLUMNS)
    missing = [name for name in required if name not in sheet.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; is this COVID-CT's sheet?")
    positive, negative = _slices(root, POSITIVE), _slices(root, NEGATIVE)
    if not positive and not negative:
        raise InputError(
            f"{root}: no slice in {POSITIVE}/ or {NEGATIVE}/; unpack {POSITIVE}.zip and "
            f"{NEGATIVE}.zip (config key `unpack`)"
        )
    by_stem = {_stem(file): file for file in positive}
    raw = sheet[list(COLUMNS)].rename(columns=COLUMNS)
    raw["patient_id"] = [_patient_id(text) for text in sheet["Patient ID"]]
    raw["finding"] = "COVID-19"
    names = [tidy(name) or "" for name in sheet["File name"]]
    raw["file"] = [by_stem.get(_stem(name), name) for name in names]
    captions = sheet[CAPTIONS] if CAPTIONS in sheet else [None] * len(sheet)
    raw["problem"] = [
        _problem(name, by_stem, caption) for name, caption in zip(names, captions, strict=True)
    ]
    raw["doi"] = [
        text if doi(text) else _doi_of(name) or text
        for text, name in zip(raw["doi"], names, strict=True)
    ]
    joined = sheet["Patient ID"].map(tidy).nunique() - raw["patient_id"].nunique()
    log.info("%s: %d patient numbers belong to a patient with another number", path, joined)
    warn_of_mixed_sexes(raw, path)
    unlisted = sorted(set(positive) - set(raw["file"]))
    others = pd.DataFrame({"file": negative, "finding": "no COVID-19"})
    others["patient_id"] = others["file"].map(_patients(negative))
    raw = pd.concat([raw, others], ignore_index=True).assign(modality="CT", view="Axial")
    raw["country"] = raw["location"]
    filled = ("finding", "modality", "view")
    return build_reading(raw, source, unlisted, "no row in the spreadsheet", filled)


def _slices(root: Path, folder: str) -> list[str]:
    """The image files of a folder of that name, relative to the source."""
    files = list_files(root, root, f"{folder}/*")
    return [file for file in files if PurePosixPath(file).suffix.casefold() in IMAGE_SUFFIXES]


def _stem(name: str) -> str:
    """A file's name without folder, extension and white space, in lower case."""
    base = re.sub(r"\s+", "", PurePosixPath(name).name).casefold()
    return next((base.removesuffix(end) for end in IMAGE_SUFFIXES if base.endswith(end)), base)


def _problem(name: str, by_stem: Mapping[str, str], caption: object) -> str | None:
    """Why a row of the sheet can't be used, None where it can."""
    if name and _stem(name) not in by_stem:
        return "no slice of that name"
    if OTHER_DISEASE.search(tidy(caption) or ""):
        return "not COVID-19 by its caption"
    return None


def _patient_id(patient: object) -> str | None:
    """The sheet's id of a patient, the first one where there are several."""
    text = tidy(patient)
    number = re.fullmatch(r"Patient (\d+)", text or "")
    same = next((ids for ids in SAME_PATIENT if number and int(number[1]) in ids), None)
    return f"Patient {same[0]}" if same else text


def _doi_of(name: str) -> str | None:
    """The DOI of a preprint that a slice's name begins with: 10.1101/2020.03.12.20034686."""
    preprint = PREPRINT.match(name)
    return f"10.1101/{preprint[0]}" if preprint else None


def _patients(files: Iterable[str]) -> dict[str, str]:
    """The patient of each slice without metadata, where its name has a number."""
    patients: dict[str, str] = {}
    scans: dict[int, list[str]] = {}
    for file in files:
        name = PurePosixPath(file)
        if name.suffix.casefold() == ".png" and name.stem.isdecimal():
            scans.setdefault(int(name.stem), []).append(file)
        elif number := re.match(r"(\d+)[%.]", name.name):
            patients[file] = f"{NEGATIVE} {number[1]}"
    first = None
    for slice_ in sorted(scans):
        if first is None or scans.keys().isdisjoint({slice_ - 1, slice_ - 2}):
            first = slice_
        patients |= dict.fromkeys(scans[slice_], f"{NEGATIVE} from {first}.png")
    return patients
