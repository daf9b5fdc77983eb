"""The COVID-19 image data collection (ieee8023/covid-chestxray-dataset) and its layout.

References
----------
J. P. Cohen, P. Morrison, L. Dao, "COVID-19 image data collection", 2020, arXiv:2003.11597.
J. P. Cohen et al., "Predicting COVID-19 pneumonia severity on chest X-ray with deep learning",
2020, arXiv:2005.11856 (the severity scores).
"""

import csv
import io
import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cxr import metadata
from cxr.countries import country
from cxr.errors import InputError
from cxr.metadata import Reading, rejections, tidy

log = logging.getLogger("cxr")

REQUIRED = ("patientid", "finding", "view", "filename")
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
SCORES = Path("annotations") / "covid-severity-scores.csv"


def read(source: str, root: Path) -> Reading:
    """Reads `metadata.csv`, and the severity scores where there are some.

    A row becomes an image if it names an image file inside the folder that no
    other row names for another patient; every other row, and every image
    without a row, is rejected with its reason. A row without a patient is its
    own patient.

    Parameters
    ----------
    source : str
    root : Path
        Holds `metadata.csv` and `images/`.

    Raises
    ------
    InputError
        If `metadata.csv` is missing, lacks a required column or has no row.
    """
    path = root / "metadata.csv"
    table = read_csv(path)
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; the columns are "
            f"{', '.join(name for name in table.columns if name)}; name them as upstream does"
        )
    if table.empty:
        raise InputError(f"{path}: no rows; the file is empty or was cut short, obtain it again")
    table["file"] = [_file(row) for row in table.to_dict("records")]
    reasons = _reasons(table)
    used = table.loc[reasons.isna()]
    out = table.loc[reasons.notna()]
    bad = rejections([source] * len(out), out["file"], "metadata", reasons.dropna().tolist())
    orphans = _without_row(root, set(table["file"]))
    none = rejections(
        [source] * len(orphans), orphans, "metadata", ["no row in metadata.csv"] * len(orphans)
    )
    return Reading.of(_rows(used, source, root), pd.concat([bad, none], ignore_index=True))


def read_csv(path: Path) -> pd.DataFrame:
    """A metadata file as text, column names trimmed and in lower case.

    Bytes that are not UTF-8 are read as Windows-1252, in which such files are
    usually written; a warning names the lines.

    Raises
    ------
    InputError
        If the file is missing or has no header.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; is this a source of this layout?") from error
    lines = []
    foreign = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
            foreign.append(number)
    if foreign:
        shown = ", ".join(map(str, foreign[:10])) + (", ..." if len(foreign) > 10 else "")
        log.warning("%s: line %s is not UTF-8 and is read as Windows-1252", path, shown)
    text = "\n".join(line.rstrip("\r") for line in lines).replace("\0", "")
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if any(map(str.strip, row))]
    if not rows:
        raise InputError(f"{path}: no header; the file is empty or was cut short, obtain it again")
    header = [name.strip().casefold() for name in rows[0]]
    width = len(header)
    body = [(row + [""] * width)[:width] for row in rows[1:]]
    table = pd.DataFrame(body, columns=header, dtype="str")
    return table.loc[:, ~table.columns.duplicated()]


def _file(row: Mapping[Any, Any]) -> str:
    """The path of a row's image, relative to the source; empty where it has none."""
    name = row["filename"].strip()
    folder = tidy(row.get("folder", "images")) or "images"
    return f"{folder}/{name}" if name else ""


def _reasons(table: pd.DataFrame) -> pd.Series:
    """Why a row is no image, null where it is one."""
    reasons = table["file"].map(_bad_name).astype("object")
    reasons = reasons.where(reasons.notna(), None)
    named = table.loc[reasons.isna()]
    patients = named.groupby("file")["patientid"].transform(lambda ids: ids.str.strip().nunique())
    reasons[patients.index[patients > 1]] = "one file under several patients"
    again = named["file"].duplicated() & (patients == 1)
    reasons[again.index[again]] = "the same file in an earlier row"
    return reasons


def _bad_name(file: str) -> str | None:
    """Why a file name can't be that of an image, None where it can."""
    path = PurePosixPath(file)
    if not file:
        return "no file name"
    if path.is_absolute() or ".." in path.parts or "\\" in file:
        return "the file name leaves the source's folder"
    if path.suffix.casefold() not in IMAGES:
        return "not an image file: a volume or a document"
    return None


def _without_row(root: Path, named: set[str]) -> list[str]:
    folder = root / "images"
    if not folder.is_dir():
        return []
    files = (f"images/{path.name}" for path in folder.iterdir() if path.is_file())
    return sorted(file for file in files if file not in named)


def _rows(table: pd.DataFrame, source: str, root: Path) -> pd.DataFrame:
    def column(name: str) -> list[str | None]:
        if name not in table.columns:
            return [None] * len(table)
        return [tidy(text) for text in table[name]]

    rows = pd.DataFrame({"file": table["file"].to_list()})
    rows["image_id"] = [f"{source}/{file}" for file in rows["file"]]
    rows["source"] = source
    patients = column("patientid")
    rows["patient_id"] = [
        f"{source}:{patient or file}" for patient, file in zip(patients, rows["file"], strict=True)
    ]
    rows["finding"] = [metadata.finding(text) for text in column("finding")]
    rows["view"] = [metadata.view(text) for text in column("view")]
    modality = column("modality") if "modality" in table.columns else ["X-ray"] * len(table)
    rows["modality"] = [metadata.modality(text) for text in modality]
    rows["sex"] = [metadata.sex(text) for text in column("sex")]
    rows["age_years"] = [metadata.age_years(text) for text in column("age")]
    rows["date"] = [metadata.date(text) for text in column("date")]
    rows["offset_days"] = [metadata.offset_days(text) for text in column("offset")]
    locations = column("location")
    rows["location"] = locations
    rows["country"] = [country(text) for text in locations]
    rows["licence"] = column("license")
    rows["doi"] = column("doi")
    return _with_scores(rows, root / SCORES)


def _with_scores(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Joins the raters' geographic extent (0 to 8) and opacity (0 to 6) by file name."""
    if not path.is_file():
        return rows
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("##"))
    scores = {row.get("filename"): row for row in table}
    found = [scores.get(PurePosixPath(file).name, {}) for file in rows["file"]]
    rows["severity_extent"] = [metadata.number(s.get("geographic_mean"), 0, 8) for s in found]
    rows["severity_opacity"] = [metadata.number(s.get("opacity_mean"), 0, 6) for s in found]
    return rows
