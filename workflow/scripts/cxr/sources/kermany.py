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
from cxr.metadata.schema import Reading, rejections

FOLDERS = ("NORMAL", "PNEUMONIA")
IMAGES = (".jpeg", ".jpg", ".png")
LOCATION = "Guangzhou Women and Children's Medical Center, Guangzhou, China"
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
        path.relative_to(root).as_posix()
        for folder in FOLDERS
        for path in root.rglob(f"{folder}/*")
        if path.is_file() and not any(part.startswith((".", "__")) for part in path.parts)
    )
    if not files:
        raise InputError(
            f"{root}: no file in a folder NORMAL or PNEUMONIA; is this the set of Kermany et al.?"
        )
    known = {file: parse(Path(file)) for file in files}
    used = [file for file in files if known[file] is not None]
    out = [file for file in files if known[file] is None]
    rows = pd.DataFrame({"file": used})
    rows["image_id"] = [f"{source}/{file}" for file in used]
    rows["source"] = source
    rows["patient_id"] = [f"{source}:{(known[file] or ('', ''))[0]}" for file in used]
    rows["finding"] = [(known[file] or ("", ""))[1] for file in used]
    rows = rows.assign(
        view="AP",
        modality="X-ray",
        country="China",
        location=LOCATION,
        licence="CC BY 4.0",
        doi="10.17632/rscbjbr9sj.2",
    )
    reasons = ["the file name follows none of the set's namings"] * len(out)
    return Reading.of(rows, rejections([source] * len(out), out, "metadata", reasons))


def parse(path: Path) -> tuple[str, str] | None:
    """Patient and finding of a file name, or None where it follows no known naming.

    The folder decides between normal and pneumonia; a name that contradicts it
    is not trusted.
    """
    if path.suffix.casefold() not in IMAGES:
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
