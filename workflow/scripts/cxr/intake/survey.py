"""A stranger's folder: which images, tables and archives are in it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar

from cxr.config.resolve import TABLE_SUFFIXES
from cxr.images.decode import UnusableImage, decoded, locate
from cxr.images.dicom import read_tags
from cxr.images.formats import IMAGE_SUFFIXES
from cxr.images.kinds import BEGIN, begins_as_image
from cxr.sources.files import LEFTOVERS, has_part_like, list_files

Item = TypeVar("Item")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
MOST_DECODED = 200
DEPTH = 3  # folders above a table


@dataclass(frozen=True)
class Survey:
    """What a folder holds.

    Attributes
    ----------
    root : Path
    images, tables, archives : list of str
        Files below it, sorted; images by their suffixes, or else by how they begin.
    others : Counter of str
        The other files by suffix.
    decoded : int
        Images that were decoded: all, or some from the whole length of the list.
    formats, modalities, problems : Counter of str
        Of the decoded images: by format, by DICOM's tag, and those that can't be used, by
        reason.
    sizes : list of (int, int)
        Width and height of each usable one.
    """

    root: Path
    images: list[str]
    tables: list[str]
    archives: list[str]
    others: Counter[str]
    decoded: int
    formats: Counter[str]
    modalities: Counter[str]
    problems: Counter[str]
    sizes: list[tuple[int, int]]


def survey_folder(root: Path) -> Survey:
    """Looks at every name below a folder, and into some of its images."""
    files = [file for file in list_files(root, root) if not has_part_like(file, *LEFTOVERS)]
    kinds: dict[str, list[str]] = {"image": [], "table": [], "archive": [], "other": []}
    for file in files:
        kinds[_kind(root, file)].append(file)
    chosen = spread(kinds["image"], MOST_DECODED)
    formats: Counter[str] = Counter()
    modalities: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    sizes = []
    for file in chosen:
        try:
            path = locate(root, file)
            with decoded(path) as image:
                formats[str(image.format)] += 1
                sizes.append(image.size)
            if image.format == "DICOM":
                modalities[read_tags(path, ["modality"])["modality"] or "none"] += 1
        except UnusableImage as error:
            problems[str(error)] += 1
    others = Counter(PurePosixPath(file).suffix or "no suffix" for file in kinds["other"])
    return Survey(
        root,
        kinds["image"],
        kinds["table"],
        kinds["archive"],
        others,
        len(chosen),
        formats,
        modalities,
        problems,
        sizes,
    )


def spread(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many items from the whole length of a sequence."""
    count = min(len(items), most)
    return [items[i * len(items) // count] for i in range(count)]


def _kind(root: Path, file: str) -> str:
    path = PurePosixPath(file)
    suffix = path.suffix.casefold()
    if suffix in IMAGE_SUFFIXES:
        return "image"
    if suffix in TABLE_SUFFIXES and len(path.parts) <= DEPTH:
        return "table"
    if suffix in ARCHIVE_SUFFIXES:
        return "archive"
    return "image" if _begins_as_image(root / file) else "other"


def _begins_as_image(path: Path) -> bool:
    """Whether a file that is named otherwise begins as an image does."""
    try:
        with path.open("rb") as stream:
            return begins_as_image(stream.read(BEGIN))
    except OSError:
        return False
