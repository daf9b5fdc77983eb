"""Patient ids of tables, of the names of files, and of DICOM's tags, which may be one for all."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from cxr.core.errors import InputError
from cxr.images.dicom import ANONYMOUS, names_nobody
from cxr.metadata.normalise import tidy

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
# So many ids are told in a warning.
SHOWN = 3


class OnePatient(InputError):
    """The DICOM files of a source have one PatientID for all."""


def plain_patients(source: str, ids: Iterable[object]) -> list[str | None]:
    """The patient ids of a source's rows, None where there is none.

    A whole number has no fraction (`12.0`, as programs write a column with gaps, is `12`), and
    a word that anonymising left is no id. Ids that differ in case, spaces and zeros in front
    alone count as two patients, with a warning.

    Parameters
    ----------
    source : str
    ids : iterable
        Cells of a table.
    """
    texts = [tidy(cell) for cell in ids]
    plain = {
        text: None if names_nobody(text) else re.sub(r"^([0-9]+)\.0+$", r"\1", text)
        for text in dict.fromkeys(texts)
        if text is not None
    }
    unnamed = [text for text, patient in plain.items() if patient is None]
    if unnamed:
        log.warning(
            "%s: the patient id %s names nobody; such rows count as patients of their own",
            source,
            ", ".join(sorted(unnamed)[:SHOWN]),
        )
    _warn_of_alike(source, [patient for patient in plain.values() if patient is not None])
    return [None if text is None else plain[text] for text in texts]


def _warn_of_alike(source: str, patients: Sequence[str]) -> None:
    """Warns of ids that may be spellings of one."""
    groups: dict[str, set[str]] = {}
    for patient in patients:
        spelling = re.sub(r"\s+", "", patient.casefold())
        spelling = re.sub(r"(?<![0-9.])0+(?=[0-9])", "", spelling)
        groups.setdefault(spelling, set()).add(patient)
    alike = [sorted(group) for group in groups.values() if len(group) > 1]
    if alike:
        log.warning(
            "%s: %d patient ids are spelt in several ways and count as several patients, such as "
            "%s; if each is one patient, write it in one way",
            source,
            len(alike),
            "; ".join(" and ".join(map(repr, group[:SHOWN])) for group in alike[:SHOWN]),
        )


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
