"""COVID-CT (UCSD-AI4H/COVID-CT): CT slices cut out of publications.

References
----------
X. Yang, X. He, J. Zhao, Y. Zhang, S. Zhang, P. Xie, "COVID-CT-Dataset: a CT scan dataset about
COVID-19", 2020, arXiv:2003.13865.
"""

import re
from pathlib import Path, PurePosixPath

import pandas as pd

from cxr.errors import InputError
from cxr.metadata import Reading, tidy
from cxr.sources.text import IMAGES, gather, name_mixed_patients, read_table

SHEET = "COVID-CT-MetaInfo.xlsx"
POSITIVE, NEGATIVE = "CT_COVID", "CT_NonCOVID"
COLUMNS = {
    "Age": "age_years",
    "Gender": "sex",
    "Location": "location",
    "Severity": "severity",
    "DOI": "doi",
}


def read(source: str, root: Path) -> Reading:
    """Reads the spreadsheet and the slices of both folders, wherever they were unpacked.

    A slice of the folder of COVID-19 needs a row, found by its name without
    extension and white space, since a quarter of the sheet's names lack either.
    The other slices have no metadata; their patient is the number before the
    `%` of their name, and without one a slice is its own patient.

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
    sheet = read_table(path)
    wanted = ("File name", "Patient ID", *COLUMNS)
    missing = [name for name in wanted if name not in sheet.columns]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}; is this COVID-CT's sheet?")
    positive, negative = _slices(root, POSITIVE), _slices(root, NEGATIVE)
    if not positive and not negative:
        raise InputError(
            f"{root}: no slice in {POSITIVE}/ or {NEGATIVE}/; unpack {POSITIVE}.zip and "
            f"{NEGATIVE}.zip (config key `unpack`)"
        )
    known = {_stem(file): file for file in positive}
    raw = sheet[list(COLUMNS)].rename(columns=COLUMNS)
    raw["location"] = [(tidy(text) or "").rstrip(" .") for text in raw["location"]]
    raw["patient_id"] = sheet["Patient ID"]
    raw["finding"] = "COVID-19"
    names = [tidy(name) or "" for name in sheet["File name"]]
    raw["file"] = [known.get(_stem(name), name) for name in names]
    raw["problem"] = [
        "no slice of that name" if name and _stem(name) not in known else None for name in names
    ]
    name_mixed_patients(raw, path)
    unlisted = sorted(set(positive) - set(raw["file"]))
    others = pd.DataFrame({"file": negative, "finding": "no COVID-19"})
    others["patient_id"] = [_patient(file) for file in negative]
    raw = pd.concat([raw, others], ignore_index=True).assign(modality="CT", view="Axial")
    raw["country"] = raw["location"]
    return gather(raw, source, unlisted, "no row in the spreadsheet")


def _slices(root: Path, folder: str) -> list[str]:
    """The image files of a folder of that name, relative to the source."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob(f"{folder}/*")
        if path.is_file() and path.suffix.casefold() in IMAGES
    )


def _stem(name: str) -> str:
    """A file's name without folder, extension and white space, in lower case."""
    base = re.sub(r"\.(png|jpe?g)$", "", PurePosixPath(name).name.strip(), flags=re.IGNORECASE)
    return re.sub(r"\s+", "", base).casefold()


def _patient(file: str) -> str | None:
    """The leading number of a slice without metadata: `10%2.jpg` is one of patient 10."""
    found = re.match(r"(\d+)(%|\.)", PurePosixPath(file).name)
    return f"{NEGATIVE} {found[1]}" if found else None
