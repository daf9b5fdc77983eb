"""A cohort from cleaned metadata: selected, balanced, split, its images in one array."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.cohort.flow import Flow
from cxr.cohort.selection import SelectionSettings, contradictions, select_images
from cxr.cohort.splits import SplitShares, assign_splits, link_patients
from cxr.cohort.tags import TAGS_COLUMN, TagSettings, assign_tags
from cxr.core.io import new_array
from cxr.images.canonical import Square
from cxr.images.duplicates import near_duplicates
from cxr.images.gathering import CohortImages


@dataclass(frozen=True)
class DuplicateSettings:
    """When two images are near duplicates.

    Attributes
    ----------
    bits : int
        Greatest Hamming distance of their perceptual hashes.
    correlation : float
        Least Pearson correlation of their pixels.
    exclude_contradictions : bool
        Whether near duplicates of different classes are excluded.
    """

    bits: int
    correlation: float
    exclude_contradictions: bool


@dataclass(frozen=True)
class CohortSettings:
    """How a cohort is assembled.

    Attributes
    ----------
    selection : SelectionSettings
    near_duplicates : DuplicateSettings
    splits : SplitShares
    tags : TagSettings or None
    image_size : int
        Side of the canonical images, pixels.
    square : "crop", "stretch" or "pad"
        How they become square.
    seed : int
        Seed of the random draws.
    """

    selection: SelectionSettings
    near_duplicates: DuplicateSettings
    splits: SplitShares
    tags: TagSettings | None
    image_size: int
    square: Square
    seed: int


@dataclass(frozen=True)
class AssembledCohort:
    """A cohort, how it was selected, and its tags.

    Attributes
    ----------
    table : DataFrame
        As of `assign_splits`, with the column `tags` where the settings have some.
    flow : Flow
    tags : DataFrame or None
        As of `assign_tags`; None without tags.
    """

    table: pd.DataFrame
    flow: Flow
    tags: pd.DataFrame | None


def assemble_cohort(
    metadata: pd.DataFrame,
    rejected: pd.DataFrame,
    images: CohortImages,
    path: str | Path,
    settings: CohortSettings,
    threads: int,
) -> AssembledCohort:
    """Selects the images of a cohort, gathers their canonical pixels and splits them.

    Near duplicates are found among the pixels of a selection. Where those of different
    classes are excluded, the selection is repeated without them until there are none.

    Parameters
    ----------
    metadata : DataFrame
        Rows of the shared schema.
    rejected : DataFrame
        The entries that did not become rows.
    images : CohortImages
    path : path
        The .npy file to write: uint8 of shape (n, size, size), in the order of the table.
    settings : CohortSettings
    threads : int
        Images decoded at a time, of those with something to paint over.

    Raises
    ------
    InputError
        If a class has no image or too few patients, a file can't be read again, or
        no tag is left.
    """
    excluded: set[str] = set()
    while True:
        rows, flow = select_images(metadata, rejected, settings.selection, excluded, settings.seed)
        pairs = _write_images(rows, images, path, settings, threads)
        contradicting = contradictions(rows, pairs)
        if not (contradicting and settings.near_duplicates.exclude_contradictions):
            break
        excluded |= contradicting
    patients = link_patients(metadata)
    table = assign_splits(rows, pairs, patients, settings.splits, settings.seed)
    tags = None
    if settings.tags is not None:
        table[TAGS_COLUMN], tags = assign_tags(rows, settings.tags)
    return AssembledCohort(table, flow, tags)


def _write_images(
    rows: pd.DataFrame,
    images: CohortImages,
    path: str | Path,
    settings: CohortSettings,
    threads: int,
) -> np.ndarray:
    """Writes the canonical pixels of the rows; the pairs of rows that are near duplicates."""
    shape = (len(rows), settings.image_size, settings.image_size)
    limits = settings.near_duplicates
    with new_array(path, shape, np.uint8) as pixels:
        hashes = images.fill(rows, pixels, settings.square, threads)
        return near_duplicates(hashes, pixels, limits.bits, limits.correlation)
