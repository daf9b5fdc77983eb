"""What a folder of one's own files looks like from outside."""

import hashlib
import os
from pathlib import Path


def folder_signature(folder: str | None) -> str:
    """A hash of the names, sizes and times of the files below a folder, less hidden ones.

    Of a link to a folder it sees where that leads.
    """
    if folder is None:
        return ""
    lines = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(place).relative_to(folder)
        links = [name for name in folders if Path(place, name).is_symlink()]
        lines += [f"{below}/{name} {Path(place, name).readlink()}" for name in links]
        for name in names:
            if name.startswith("."):
                continue
            try:
                found = Path(place, name).stat()
            except OSError:  # a link to nothing, or a file that has just gone
                continue
            lines.append(f"{below}/{name} {found.st_size} {found.st_mtime_ns}")
    told = "\n".join(sorted(lines)).encode(errors="surrogateescape")
    return hashlib.sha256(told).hexdigest()
