"""Whether the files in a user's folder have changed."""

import hashlib
import os
from pathlib import Path


def folder_signature(folder: str | None) -> str:
    """A hash of the names, sizes and times of the files below a folder, less hidden ones.

    A link to a folder counts with its target.
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
                status = Path(place, name).stat()
            except OSError:  # a link to nothing, or a file that has just gone
                continue
            lines.append(f"{below}/{name} {status.st_size} {status.st_mtime_ns}")
    listing = "\n".join(sorted(lines)).encode(errors="surrogateescape")
    return hashlib.sha256(listing).hexdigest()
