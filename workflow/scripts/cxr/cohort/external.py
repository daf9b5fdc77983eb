"""Images of sources that validate networks alone, without those that the cohort knows."""

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.cohort.assembly import DuplicateSettings
from cxr.cohort.flow import Flow
from cxr.cohort.selection import SelectionSettings, classified_images
from cxr.cohort.splits import group_patients, link_patients
from cxr.core.errors import InputError
from cxr.core.io import new_array, read_array
from cxr.images.canonical import Square
from cxr.images.duplicates import find_duplicates, near_duplicates, perceptual_hash
from cxr.images.gathering import CohortImages

EXTERNAL = "external"  # their split
EXACT = "exact duplicate of an image of the cohort"
NEAR = "near duplicate of an image of the cohort"
PATIENT = "patient of the cohort"
IDENTITY = ["image_id", "source", "file", "patient_id", "sha256"]
MOST_REASONS = 3


@dataclass(frozen=True)
class ExternalSettings:
    """Which images of external sources are used.

    Attributes
    ----------
    sources : tuple of str
    selection : SelectionSettings
        Of the study; the images of a class are not drawn, and its sources don't count.
    near_duplicates : DuplicateSettings
    image_size : int
        Side of the canonical images, pixels.
    square : "crop", "stretch" or "pad"
    same_patient_ids : bool
        Whether equal ids of patients in two sources mean one patient.
    """

    sources: tuple[str, ...]
    selection: SelectionSettings
    near_duplicates: DuplicateSettings
    image_size: int
    square: Square
    same_patient_ids: bool


@dataclass(frozen=True)
class KnownImages:
    """What a study has of its own.

    Attributes
    ----------
    cohort : DataFrame, n rows
        `image_id`.
    images : uint8 array, shape (n, size, size)
    metadata : DataFrame
        Rows of the shared schema, of all usable images.
    """

    cohort: pd.DataFrame
    images: np.ndarray
    metadata: pd.DataFrame


def assemble_external(
    metadata: pd.DataFrame,
    rejected: pd.DataFrame,
    known: KnownImages,
    images: CohortImages,
    path: str | Path,
    settings: ExternalSettings,
    threads: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All images of the classes in external sources, less those whose patients the study has.

    Views, modality, findings and canonical pixels are those of the study. Each source is
    selected by itself.

    Parameters
    ----------
    metadata, rejected : DataFrame
        Of the external sources.
    known : KnownImages
        Of the study. An image is excluded if it is one of the cohort's, byte by byte or
        as a near duplicate, and so are all images of its patient.
    images : CohortImages
        Of the external sources.
    path : path
        The .npy file to write: uint8 of shape (n, size, size), in the order of the table.
    settings : ExternalSettings
    threads : int
        Images decoded at a time, of those with something to paint over.

    Returns
    -------
    table : DataFrame
        `image_id, class, split` (external), `patient_id, split_group, source, file`; a
        split group is a patient, joined with those of near duplicates.
    excluded : DataFrame
        The excluded images: source, file, stage, reason.

    Raises
    ------
    InputError
        If a source has no image left.
    """
    patients = _patients(known.metadata, metadata, settings.same_patient_ids)
    selection = anywhere(settings.selection)
    rows, flows = _select(metadata, rejected, selection, settings.sources)
    rows = _without_known(rows, flows, known, patients)
    _require_images(rows, flows)
    limits = settings.near_duplicates
    shape = (len(rows), settings.image_size, settings.image_size)
    with new_array(path, shape, np.uint8) as pixels:
        images.fill(rows, pixels, settings.square, threads)
        alike = find_duplicates(pixels, known.images, limits.bits, limits.correlation)
    kept = _without_alike(rows, flows, alike, patients)
    _require_images(kept, flows)
    if len(kept) < len(rows):
        pixels = read_array(path)[rows["image_id"].isin(kept["image_id"]).to_numpy()]
        with new_array(path, pixels.shape, np.uint8) as array:
            array[:] = pixels
    table = _table(kept, read_array(path), patients, limits)
    excluded = pd.concat([flow.exclusions() for flow in flows.values()], ignore_index=True)
    return table, excluded


def anywhere(settings: SelectionSettings) -> SelectionSettings:
    """The settings with classes whose images come from any source."""
    classes = {name: replace(rule, sources=None) for name, rule in settings.classes.items()}
    return replace(settings, classes=classes)


def shared_ids(known: pd.DataFrame, metadata: pd.DataFrame) -> int:
    """How many patients of external sources have an id that the study's sources have as well.

    Parameters
    ----------
    known, metadata : DataFrame
        `source, file, patient_id` of the study's and of external images.
    """
    theirs = metadata.loc[metadata["patient_id"].str.partition(":")[2] != metadata["file"]]
    ours = set(known["patient_id"].str.partition(":")[2])
    return int(theirs["patient_id"].drop_duplicates().str.partition(":")[2].isin(ours).sum())


def _patients(known: pd.DataFrame, metadata: pd.DataFrame, same_ids: bool) -> pd.Series:
    """The patient of each image of the study and of external sources, a number by image_id."""
    everyone = pd.concat([known[IDENTITY], metadata[IDENTITY]], ignore_index=True)
    if same_ids:
        ids = everyone["patient_id"].str.partition(":")[2]
        # A file that names no patient is one of its own, whatever files are called elsewhere.
        named = ids != everyone["file"]
        everyone["patient_id"] = ids.where(named, everyone["patient_id"])
    return link_patients(everyone)


def _select(
    metadata: pd.DataFrame,
    rejected: pd.DataFrame,
    settings: SelectionSettings,
    sources: tuple[str, ...],
) -> tuple[pd.DataFrame, dict[str, Flow]]:
    """The images of the classes, and by source how they were selected."""
    tables, flows = [], {}
    for source in sources:
        ours, others = (table.loc[table["source"] == source] for table in (metadata, rejected))
        rows, flows[source] = classified_images(ours, others, settings)
        tables.append(rows)
    return pd.concat(tables, ignore_index=True), flows


def _keep(
    name: str, rows: pd.DataFrame, reasons: pd.Series, flows: dict[str, Flow]
) -> pd.DataFrame:
    """Keeps the rows without a reason, and records the others with their source."""
    kept = [
        flow.keep(name, rows.loc[rows["source"] == source], reasons[rows["source"] == source])
        for source, flow in flows.items()
    ]
    return pd.concat(kept, ignore_index=True)


def _without_known(
    rows: pd.DataFrame, flows: dict[str, Flow], known: KnownImages, patients: pd.Series
) -> pd.DataFrame:
    """The rows whose file and patient the cohort does not have."""
    of_cohort = known.metadata["image_id"].isin(known.cohort["image_id"])
    reasons = pd.Series(None, index=rows.index, dtype="object")
    theirs = patients.loc[known.cohort["image_id"]]
    reasons[patients.loc[rows["image_id"]].isin(theirs).to_numpy()] = PATIENT
    reasons[rows["sha256"].isin(known.metadata.loc[of_cohort, "sha256"])] = EXACT
    return _keep("of other patients than the cohort's", rows, reasons, flows)


def _without_alike(
    rows: pd.DataFrame, flows: dict[str, Flow], alike: np.ndarray, patients: pd.Series
) -> pd.DataFrame:
    """The rows without near duplicates of the cohort, and without their patients."""
    owners = patients.loc[rows["image_id"]].to_numpy()
    reasons = pd.Series(None, index=rows.index, dtype="object")
    reasons[np.isin(owners, owners[alike])] = PATIENT
    reasons[alike] = NEAR
    return _keep("without near duplicates of the cohort", rows, reasons, flows)


def _table(
    rows: pd.DataFrame, pixels: np.ndarray, patients: pd.Series, limits: DuplicateSettings
) -> pd.DataFrame:
    """The table of the images that are left."""
    hashes = np.array([perceptual_hash(image) for image in pixels], dtype=np.uint64)
    pairs = near_duplicates(hashes, pixels, limits.bits, limits.correlation)
    table = rows[["image_id", "class"]].astype("str").assign(split=EXTERNAL)
    table["patient_id"] = rows["patient_id"]
    owners = patients.loc[rows["image_id"]].tolist()
    table["split_group"] = group_patients(owners, pairs).astype(np.int64)
    return table.join(rows[["source", "file"]])


def _require_images(rows: pd.DataFrame, flows: dict[str, Flow]) -> None:
    """Ends with what the images were lost to where a source has none left."""
    for source, flow in flows.items():
        if (rows["source"] == source).any():
            continue
        reasons: Counter[str] = Counter()
        for removed in chain(*(step["removed"] for step in flow.steps)):
            reasons[removed["reason"]] += removed["images"]
        most = reasons.most_common(MOST_REASONS)
        lost = ", ".join(f"{number} to '{reason}'" for reason, number in most)
        raise InputError(
            f"config key 'evaluation.external': no image of '{source}' is left"
            f"{f' ({lost} are lost)' if lost else ''}; it has to have images of the classes, in "
            f"the study's views and modality, of patients that the cohort has not"
        )
