"""The files of a source: which are images, and which no row names."""

import logging
from collections.abc import Collection
from pathlib import Path, PurePosixPath

log = logging.getLogger("cxr")

# Files that archives of macOS have beside the images.
LEFTOVERS = (".", "__MACOSX")
LEAVES = "the file name leaves the source's folder"
NO_IMAGE = "not an image file: a volume or a document"
# Whether another file is an image its content decides.
NO_IMAGE_SUFFIXES = (
    *(".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".mgz", ".npy", ".npz", ".h5", ".mat"),
    *(".pdf", ".txt", ".doc", ".docx", ".csv", ".tsv", ".xls", ".xlsx", ".json", ".xml", ".html"),
    *(".zip", ".gz", ".tar", ".rar", ".7z", ".mp4", ".avi", ".mov", ".db", ".ini", ".md"),
)


def list_files(root: Path, folder: Path, pattern: str = "*") -> list[str]:
    """The files that match a pattern at any depth below a folder.

    Parameters
    ----------
    root : Path
        The source's folder, to which the results are relative.
    folder : Path
        `root` or a folder below it.
    pattern : str
        As of `Path.rglob`.

    Returns
    -------
    list of str
        Paths with forward slashes, sorted. Names that are no text (UTF-8) are left out, with
        a warning.
    """
    files = sorted(
        path.relative_to(root).as_posix() for path in folder.rglob(pattern) if path.is_file()
    )
    named = [file for file in files if _is_text(file)]
    if len(named) < len(files):
        first = next(file for file in files if not _is_text(file))
        log.warning(
            "%s: %d names of files are not UTF-8, the first is %s; they are left out, rename them",
            folder,
            len(files) - len(named),
            first.encode(errors="backslashreplace").decode(),
        )
    return named


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def unlisted_files(root: Path, folder: Path, listed: Collection[str]) -> list[str]:
    """The files below a folder that are not `listed`, relative to `root`; hidden ones left out."""
    return [
        file
        for file in list_files(root, folder)
        if file not in listed and not has_part_like(file, ".")
    ]


def has_part_like(file: str, *prefixes: str) -> bool:
    """Whether a relative path, or a folder on it, begins with one of the prefixes."""
    return any(part.startswith(prefixes) for part in PurePosixPath(file).parts)


def file_problem(file: str) -> str | None:
    """Why a relative path can't be that of an image, None where it can."""
    path = PurePosixPath(file)
    if not file:
        return "no file name"
    if path.is_absolute() or ".." in path.parts:
        return LEAVES
    if path.name.strip().casefold().endswith(NO_IMAGE_SUFFIXES):
        return NO_IMAGE
    return None
