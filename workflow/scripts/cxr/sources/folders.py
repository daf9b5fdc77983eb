"""Images in folders that are named after what they show, as `covid/` and `normal/`."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from cxr.core.errors import InputError
from cxr.metadata.normalise import tidy
from cxr.metadata.schema import Reading
from cxr.sources.files import LEFTOVERS, has_part_like, list_files
from cxr.sources.filling import Values, with_constants, with_tags
from cxr.sources.patients import PATTERN, patients_in_names
from cxr.sources.rows import build_reading

# Folders of a class's files that are not themselves named after it.
PLAIN = re.compile(
    r"(images?|imgs?|pngs?|jpe?gs?|dicoms?|dcm|data|files?|processed)", re.IGNORECASE
)
# Pictures of outlines lie beside the images in some published sets.
MASKS = re.compile(r"((lung|ground[ _-]?truth)?[ _-]?masks?|segmentations?)", re.IGNORECASE)
# Folders that tell what the publisher used an image for.
PARTS = re.compile(
    r"(train(ing)?|test(ing)?|val(id(ation)?)?|dev)([ _-]?(set|images?))?", re.IGNORECASE
)


@dataclass(frozen=True)
class FolderLayout:
    """Where a cohort's folders lie, and what its file names tell.

    Attributes
    ----------
    reader : "folders"
    images : str
        The folder of the folders, below the source's.
    patient : str or None
        A regular expression whose only group is the patient in a file's name or path; None
        where the tags of DICOM files tell, or each file is one patient.
    constants : mapping
        The same text for every image, by column of the shared schema.
    tags : tuple of str
        Keywords of DICOM tags that become own fields.
    """

    reader: Literal["folders"]
    images: str
    patient: str | None
    constants: Values
    tags: tuple[str, ...] = ()


def read(source: str, root: Path, layout: FolderLayout) -> Reading:
    """Reads every file below the folder; its finding is the name of the folder that it is in.

    Parameters
    ----------
    source : str
    root : Path
        The source's folder.
    layout : FolderLayout

    Raises
    ------
    InputError
        If no folder names a finding, or many DICOM files have one patient id, see
        `cxr.sources.patients`.
    """
    files = [
        file
        for file in list_files(root, root / layout.images)
        if not has_part_like(file, *LEFTOVERS)
    ]
    records = [(file, finding_of(file, layout.images)) for file in files]
    raw = pd.DataFrame(records, columns=["file", "finding"], dtype="object")
    if layout.patient is not None:
        raw["patient_id"] = patients_in_names(files, layout.patient)
    raw = with_constants(raw, layout.constants)
    masks = [
        any(MASKS.fullmatch(part) for part in PurePosixPath(file).parts[:-1]) for file in files
    ]
    raw["problem"] = ["in a folder of masks" if mask else None for mask in masks]
    if raw["finding"].isna().all():
        raise InputError(
            f"{root / layout.images}: no folder with a finding for a name has a file in it; sort "
            f"the images into such folders, or give a table"
        )
    return build_reading(with_tags(raw, root, source, layout.tags, PATTERN), source, [], "")


def finding_of(file: str, images: str) -> str | None:
    """The nearest folder of a file, below `images`, whose name may be a finding."""
    folders = PurePosixPath(file).relative_to(images).parts[:-1]
    for folder in reversed(folders):
        if not any(kind.fullmatch(folder) for kind in (PLAIN, MASKS, PARTS)):
            return tidy(folder.replace("_", " "))
    return None
