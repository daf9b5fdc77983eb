"""Paediatric chest X-rays of Kermany et al., in Kaggle's and in Mendeley's naming.

All images are anterior-posterior, of children of one to five years, from one
hospital (Guangzhou Women and Children's Medical Center), so view, modality,
country and location are constants of the set; age and sex are not published.

References
----------
D. S. Kermany et al., "Identifying medical diagnoses and treatable diseases by
image-based deep learning", Cell 172, 2018.
"""

import re
from pathlib import Path

import pandas as pd

from cxr.core.errors import InputError
from cxr.metadata.schema import Reading
from cxr.sources.files import has_part_like, list_files
from cxr.sources.rows import build_reading

FOLDERS = ("NORMAL", "PNEUMONIA")
SUFFIXES = (".jpeg", ".jpg", ".png")
CONSTANTS = {
    "view": "AP",
    "modality": "X-ray",
    "country": "China",
    "location": "Guangzhou Women and Children's Medical Center, Guangzhou, China",
    "licence": "CC BY 4.0",
    "doi": "10.17632/rscbjbr9sj.2",
}
FINDINGS = {
    "normal": "No finding",
    "bacteria": "bacterial pneumonia",
    "virus": "viral pneumonia",
}
# The patient's number may have both a bacterial and a viral image; it is one patient.
PNEUMONIA = re.compile(r"(?P<patient>person\d+)_(?P<kind>bacteria|virus)_\d+", re.IGNORECASE)
MENDELEY = re.compile(r"(?P<kind>BACTERIA|VIRUS|NORMAL)-(?P<patient>\d+)-\d+", re.IGNORECASE)
NORMAL = re.compile(r"(?P<patient>(?:NORMAL2-)?IM-\d+)(?:-\d+)+", re.IGNORECASE)


def read(source: str, root: Path) -> Reading:
    """Reads every image below a folder NORMAL or PNEUMONIA.

    Parameters
    ----------
    source : str
    root : Path
        Holds `train/NORMAL` and the like, at any depth.

    Raises
    ------
    InputError
        If there is no such folder with an image in it.
    """
    files = sorted(
        file
        for folder in FOLDERS
        for file in list_files(root, root, f"{folder}/*")
        if not has_part_like(file, ".", "__")
    )
    if not files:
        raise InputError(
            f"{root}: no file in a folder NORMAL or PNEUMONIA; is this the set of Kermany et al.?"
        )
    parsed = {file: parse(Path(file)) for file in files}
    records = [(file, *names) for file, names in parsed.items() if names is not None]
    others = [file for file, names in parsed.items() if names is None]
    raw = pd.DataFrame(records, columns=["file", "patient_id", "finding"]).assign(**CONSTANTS)
    reason = "the file name follows none of the set's namings"
    return build_reading(raw, source, others, reason, filled=list(raw.columns))


def parse(path: Path) -> tuple[str, str] | None:
    """Patient and finding of a file name, or None where it follows none of the set's namings.

    The folder decides between normal and pneumonia; a name that contradicts it
    counts as none.
    """
    if path.suffix.casefold() not in SUFFIXES:
        return None
    healthy = path.parent.name == "NORMAL"
    match = PNEUMONIA.fullmatch(path.stem) or MENDELEY.fullmatch(path.stem)
    if match is not None:
        kind = match["kind"].casefold()
        if (kind == "normal") != healthy:
            return None
        patient = match["patient"]
        if patient.isdigit():
            patient = f"normal{patient}" if healthy else f"person{patient}"
        return patient, FINDINGS[kind]
    match = NORMAL.fullmatch(path.stem)
    if match is None or not healthy:
        return None
    return match["patient"], FINDINGS["normal"]
