"""The COVID-19 image data collection (ieee8023/covid-chestxray-dataset) and its layout.

References
----------
J. P. Cohen, P. Morrison, L. Dao, "COVID-19 image data collection", 2020, arXiv:2003.11597.
J. P. Cohen et al., "Predicting COVID-19 pneumonia severity on chest X-ray with deep learning",
2020, arXiv:2005.11856 (the severity scores).
"""

import csv
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cxr.core.errors import InputError
from cxr.images.decode import UnusableImage, locate
from cxr.metadata import dates, normalise
from cxr.metadata.fields import own_number, own_text
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import Reading
from cxr.metadata.severity import extent_score, opacity_score
from cxr.sources.encodings import first_ten
from cxr.sources.files import unlisted_files
from cxr.sources.rows import Parser, build_reading, warn_of_mixed_sexes
from cxr.sources.table_bounds import table_bytes
from cxr.sources.tables import read_table

log = logging.getLogger("cxr")

REQUIRED = ("patientid", "finding", "view", "filename")
# Upstream's names of the schema's columns.
COLUMNS = {
    "finding": "finding",
    "view": "view",
    "modality": "modality",
    "sex": "sex",
    "age": "age_years",
    "date": "date",
    "offset": "offset_days",
    "location": "location",
    "survival": "survival",
    "went_icu": "icu",
    "intubated": "intubated",
    "license": "licence",
    "doi": "doi",
}
# Own fields: Y and N, numbers, and text as it stands.
CLINICAL: dict[str, Parser] = {
    "extubated": normalise.yes_no,
    "needed_supplemental_o2": normalise.yes_no,
    **dict.fromkeys(
        (
            "leukocyte_count",
            "lymphocyte_count",
            "neutrophil_count",
            "po2_saturation",
            "temperature",
        ),
        own_number,
    ),
    "scanner": own_text,
}
SCORES = Path("annotations") / "covid-severity-scores.csv"


def read(source: str, root: Path) -> Reading:
    """Reads `metadata.csv`, and the severity scores where there are some.

    A row becomes an image if it names an image file inside the folder that no
    other row names for another patient, and its columns are not shifted; every
    other row, and every image without a row, is rejected with its reason.

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
    read_rows = read_table(path, REQUIRED)
    table = read_rows.rows.rename(columns=str.casefold)
    table = table.loc[:, ~table.columns.duplicated()]
    missing = [name for name in REQUIRED if name not in table.columns]
    if missing:
        raise InputError(
            f"{path}: no column {', '.join(missing)}; the columns are "
            f"{', '.join(name for name in table.columns if name)}; name them as upstream does"
        )
    if table.empty:
        raise InputError(f"{path}: no rows; the file is empty or was cut short, obtain it again")
    taken = [name for name in (*COLUMNS, *CLINICAL) if name in table.columns]
    raw = table[taken].rename(columns=COLUMNS)
    raw["patient_id"] = table["patientid"]
    raw["file"] = [_file(row, root) for row in table.to_dict("records")]
    raw["problem"] = [
        problem or _shifted(row)
        for problem, row in zip(read_rows.problems, table.to_dict("records"), strict=True)
    ]
    if "location" in raw.columns:
        raw["country"] = raw["location"]
    filled = [] if "modality" in raw.columns else ["modality"]
    if filled:
        raw["modality"] = "X-ray"
    shifted = raw.index[raw["problem"].notna() & read_rows.problems.isna()].tolist()
    if shifted:
        log.warning("%s: row %s: columns are shifted; rejected", path, first_ten(shifted))
    warn_of_mixed_sexes(raw, path)
    unlisted = unlisted_files(root, root / "images", set(raw["file"]))
    reading = build_reading(raw, source, unlisted, "no row in metadata.csv", filled, CLINICAL)
    rows = _with_scores(reading.rows, root / SCORES)
    return Reading.of(rows, reading.rejected, reading.summary, reading.spellings)


def _file(row: Mapping[Any, Any], root: Path) -> str:
    """The path of a row's image, relative to the source; empty where it has none.

    A name may have spaces around it: then the file that exists decides.
    """
    folder = tidy(row.get("folder", "images")) or "images"
    name = row["filename"].strip()
    if name != row["filename"] and name:
        spaced = PurePosixPath(folder, row["filename"]).as_posix()
        with suppress(UnusableImage, OSError):
            if locate(root, spaced).is_file():
                return spaced
    return PurePosixPath(folder, name).as_posix() if name else ""


def _shifted(row: Mapping[Any, Any]) -> str | None:
    """Why a row's values seem to be those of other columns, as in some revisions; None if not.

    A sex that is a number, or a modality that is a view or a date, is no typing error.
    """
    if normalise.number(row.get("sex"), 0, 120) is not None:
        return "columns are shifted: the sex is a number"
    kind = row.get("modality")
    if normalise.view(kind) is not None or dates.date(kind) is not None:
        return "columns are shifted: the modality is a view or a date"
    return None


def _with_scores(rows: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Joins the raters' geographic extent (0 to 8) and opacity (0 to 6) by file name."""
    if not path.is_file():
        return rows
    lines = table_bytes(path).decode("utf-8", errors="replace").splitlines()
    table = csv.DictReader(line for line in lines if not line.startswith("##"))
    by_name = {row.get("filename"): row for row in table}
    scores = [by_name.get(PurePosixPath(file).name, {}) for file in rows["file"]]
    rows["severity_extent"] = [extent_score(s.get("geographic_mean")) for s in scores]
    rows["severity_opacity"] = [opacity_score(s.get("opacity_mean")) for s in scores]
    return rows
