"""Zip files whose entries are stored as they are: arrays and weights."""

import os
import zipfile
from pathlib import Path

from cxr.core.errors import DamagedFile


def require_stored(path: str | os.PathLike[str]) -> None:
    """Checks that a file, where it is a zip, holds nothing compressed.

    numpy and torch write such files without compression, so that a compressed entry is not
    theirs, and may expand to any size.

    Raises
    ------
    DamagedFile
        If an entry is compressed, or the entries are larger than the file.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as opened:
        entries = opened.infolist()
    compressed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
    if compressed or sum(entry.file_size for entry in entries) > Path(path).stat().st_size:
        raise DamagedFile(
            f"{path}: expands when it is read, which arrays and weights never do; store it again "
            f"without compression",
            Path(path),
        )
