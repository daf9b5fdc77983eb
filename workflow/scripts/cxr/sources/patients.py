"""Patient ids from the names of files, and from DICOM's tags, which may be one for all."""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from cxr.core.errors import InputError
from cxr.images.dicom import ANONYMOUS

log = logging.getLogger("cxr")

# The keys that name patients, by kind of source, and how else each image is one of its own.
COLUMN, PATTERN = "columns.patient_id", "patient"
INSTEAD = {
    COLUMN: "name the table's column of patients, or its column of files, by which each image is "
    "a patient of its own",
    PATTERN: "give the pattern of patients in the files' names, or ^(.+)$, by which each name is "
    "a patient of its own",
}
# So many files of one patient are taken for a cohort whose ids were removed.
MANY = 10


class OnePatient(InputError):
    """The DICOM files of a source have one PatientID for all."""


def patients_in_names(files: Iterable[str], pattern: str) -> list[str | None]:
    """The patient in each file's name, or else in its path: what the pattern's group matches.

    Parameters
    ----------
    files : iterable of str
        Paths with forward slashes.
    pattern : str
        A regular expression with one group, which is searched for.
    """
    found = [
        re.search(pattern, PurePosixPath(file).stem) or re.search(pattern, file) for file in files
    ]
    return [match[1] if match else None for match in found]


def tagged_patients(
    source: str, ids: Mapping[int, str | None], key: str = COLUMN
) -> dict[int, str | None]:
    """The patient ids of DICOM files, None in place of a word that anonymising left.

    Parameters
    ----------
    source : str
    ids : mapping
        For each row whose patient the table does not name the id of its file's tag, as of
        `cxr.images.dicom.read_tags`.
    key : str
        The source's key that names patients, of `INSTEAD`.

    Raises
    ------
    OnePatient
        If many files have the same id and no file another one: all would be one patient,
        in one part of the split.
    """
    named = [patient for patient in ids.values() if patient is not None]
    alike = len(named) if len(set(named)) == 1 else 0
    if alike >= MANY or (alike > 1 and ANONYMOUS in named):
        raise OnePatient(
            f"config key 'sources.{source}.{key}': PatientID is the same in all {alike} DICOM "
            f"files that have one, which would make them one patient; {INSTEAD[key]} (if they are "
            f"one patient, set constants.patient_id)"
        )
    if alike > 1:
        log.warning("%s: PatientID is the same in all %d DICOM files: one patient", source, alike)
    unnamed = sum(patient in (None, ANONYMOUS) for patient in ids.values())
    if unnamed:
        log.warning(
            "%s: PatientID of %d DICOM files is empty or a word such as ANONYMOUS; each counts as "
            "a patient of its own (the key %s names patients)",
            source,
            unnamed,
            key,
        )
    return {row: None if patient == ANONYMOUS else patient for row, patient in ids.items()}
