"""The disk that a study's results take, before they are there."""

import math
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import pyarrow.parquet as pq

from cxr.planning.chunks import neighbour_reach
from cxr.planning.stages import StudyStages

LITTLE = 1e9  # bytes of which a plan does not speak
# Files beside images that tell of them.
TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".parquet", ".json", ".txt", ".md", ".pdf")
# Bytes an image, as measured: of its row in all tables, its place on one map, one number of its
# features or controls, one neighbour of the maps and one similar image.
ROW, PLACE, NUMBER, NEIGHBOUR, SIMILAR = 500, 14, 5, 12, 16
# Numbers of a control, and of an encoder whose width the config does not tell.
CONTROL, ENCODED = 64, 1024
PER_PERPLEXITY = 3  # neighbours of a map


@dataclass(frozen=True)
class DiskForecast:
    """What results still need of a disk, and what it has.

    Attributes
    ----------
    images : int
        Images that the study may have.
    needed, free : float
        Bytes: what all results take, less those that are there, and what is free.
    """

    images: int
    needed: float
    free: float

    @property
    def fits(self) -> bool:
        """Whether the disk has room."""
        return self.needed <= self.free

    def words(self) -> str:
        """The forecast in a line; empty where the study needs little and there is room for it."""
        if self.fits and self.needed < LITTLE:
            return ""
        needs = (
            f"The results need up to {self.needed / 1e9:.1f} GB of disk for {self.images:,} images"
        )
        has = f"{self.free / 1e9:.1f} GB are free"
        if self.fits:
            return f"{needs}; {has}."
        return f"{needs}, but {has}: free some, or run in a folder on a larger disk."


def disk_forecast(
    results: Path, study: Mapping[str, Any], stages: StudyStages
) -> DiskForecast | None:
    """What a study's results will take; None where nothing tells how many images there are.

    Parameters
    ----------
    results : Path
        The folder of the results of all studies.
    study : mapping
        The resolved config.
    stages : StudyStages
    """
    folder = results / study["study"]
    images = study_images(results, study, stages)
    if images is None:
        return None
    whole = images * bytes_per_image(study, stages)
    files = [path.stat() for path in folder.rglob("*") if path.is_file()]
    there = sum(file.st_size / file.st_nlink for file in files)
    above = next(part for part in (folder, *folder.absolute().parents) if part.is_dir())
    return DiskForecast(images, max(0.0, whole - there), shutil.disk_usage(above).free)


def study_images(results: Path, study: Mapping[str, Any], stages: StudyStages) -> int | None:
    """The images of a study: of its cohort, or, before it is there, those that it may have.

    None where nothing tells. Parameters as of `disk_forecast`.
    """
    images = cohort_images(results / study["study"])
    return source_images(study, stages) if images is None else images


def cohort_images(folder: Path) -> int | None:
    """The images of the cohort in a study's folder, None where it has none."""
    try:
        return int(pq.read_metadata(folder / "cohort.parquet").num_rows)
    except (OSError, ValueError):  # none, or damaged: then it is made again
        return None


def bytes_per_image(study: Mapping[str, Any], stages: StudyStages) -> float:
    """Bytes that all results take for one image, about."""
    side = study["cohort"]["image_size"] if stages.has_images else 0
    total = ROW + side**2 * (2 + stages.has_lungs)  # inspected, and in the cohort
    maps = sum(map(stages.n_maps, stages.all_chunks))
    reach = PER_PERPLEXITY * neighbour_reach(
        [p for chunk in stages.chunks.values() for p in chunk["perplexities"]]
    )
    similar = study["similarity"]["k"] if stages.has_similarity else 0
    for model in stages.models:
        trained = model in stages.networks
        width = study["models"][model]["feature_dim"] if trained else ENCODED
        total += NUMBER * width * (1 + (len(stages.training_seeds) if trained else 0))
        total += NUMBER * CONTROL * len({*stages.controls_of(model), *stages.baselines_of(model)})
        total += PLACE * maps + NEIGHBOUR * reach
        total += SIMILAR * similar * (1 + len(stages.baselines_of(model)))
    return total


def source_images(study: Mapping[str, Any], stages: StudyStages) -> int | None:
    """The files of a study's sources that may be images; None where a source is not here yet."""
    if not stages.has_images:
        return None
    counts = [_count(study["sources"][name], study["mirror"]) for name in stages.sources]
    return None if None in counts else sum(count for count in counts if count is not None)


def _count(source: Mapping[str, Any], mirror: str | None) -> int | None:
    if source["kind"] == "synthetic":
        return math.ceil(4 * source["patients"] * source["images_per_patient"])
    path = source.get("path")
    if path is None and mirror is not None and source.get("folder"):
        path = str(Path(mirror) / source["folder"])
    if path is None or not Path(path).is_dir():
        return None
    return sum(
        _archived(Path(folder) / name) if name.lower().endswith(".zip") else 1
        for folder, _, names in os.walk(path)
        for name in names
        if not name.startswith(".") and not name.lower().endswith(TABLES)
    )


def _archived(path: Path) -> int:
    """The files that may be images in a ZIP archive."""
    try:
        with ZipFile(path) as archive:
            return sum(not name.lower().endswith(("/", *TABLES)) for name in archive.namelist())
    except (OSError, BadZipFile):  # the source says what is wrong with it
        return 1
