"""A folder on this machine as a source: links to its files, nothing is copied."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cxr.core.errors import InputError

log = logging.getLogger("cxr")


@dataclass(frozen=True)
class Folder:
    """A folder that holds a source as its publisher lays it out.

    Attributes
    ----------
    path : str
    """

    path: str


def link_files(source: Folder, target: Path) -> None:
    """Fills `target` with links to the regular files of a folder.

    A link that leads out of the folder, to a file or a folder, is left out, with a warning.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    root = Path(source.path).resolve()
    if not root.is_dir():
        raise InputError(
            f"{source.path}: no such folder; it should hold the source as its publisher lays it out"
        )
    for path in _walk(root, root):
        relative = path.relative_to(root)
        # Not `resolve`, which fails where links lead in a circle.
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(root) or not real.is_file():
            log.warning("%s: leads out of its folder or is no file; it is left out", path)
        elif not str(relative).isprintable():
            log.warning("%r: has control characters in its name; it is left out", str(path))
        else:
            link = target / relative
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(real)


def _walk(folder: Path, root: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Every file below a folder; links to folders below `root` are followed, but not in circles."""
    real = folder.resolve()
    if not real.is_relative_to(root) or real in above:
        log.warning("%s: leads out of its folder or in a circle; it is left out", folder)
        return
    try:
        entries = sorted(folder.iterdir())
    except PermissionError:
        log.warning("%s: may not be read; it is left out", folder)
        return
    for path in entries:
        if path.is_dir():
            yield from _walk(path, root, (*above, real))
        else:
            yield path


def remove_stray_links(folder: Path) -> None:
    """Removes links to files and folders that are outside of a folder, or are not there."""
    root = os.path.realpath(folder)
    for place, folders, names in os.walk(folder):
        for path in (Path(place) / name for name in (*folders, *names)):
            inside = Path(os.path.realpath(path)).is_relative_to(root)
            if path.is_symlink() and not (inside and path.exists()):
                log.warning("%s: a link out of the source or to nothing; it is left out", path.name)
                path.unlink()
