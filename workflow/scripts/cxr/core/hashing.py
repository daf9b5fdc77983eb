"""Hashes of files and folders."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cxr.core.paths import STATE

TIMESTAMP = ".snakemake_timestamp"  # the workflow engine's own file in a folder


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(content: str | Path | bytes) -> str:
    """BLAKE2b of some bytes, of a file, or of all names and contents below a folder.

    A file is always read whole. Of a folder, which may hold a whole data set, files are read
    again only where their size, times or inode changed since this machine read them last.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    if isinstance(content, bytes):
        return hashlib.blake2b(content, digest_size=16).hexdigest()
    path = Path(content)
    if path.is_dir():
        return _folder_digest(path)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def leads_nowhere(folder: Path) -> bool:
    """Whether a folder holds links to files that are not on this machine."""
    return any(not path.exists() for path in files_below(folder))


def files_below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in order; links to folders are not followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place) / name for name in sorted(names) if name != TIMESTAMP)


def _folder_digest(folder: Path) -> str:
    known_file = STATE / "digests" / f"{digest(str(folder.absolute()).encode())}.json"
    known = _known(known_file)
    found: dict[str, list[int | str]] = {}
    for path in files_below(folder):
        name = path.relative_to(folder).as_posix()
        if not path.exists():
            found[name] = ["nothing"]
            continue
        status = path.stat()
        state = [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
        before = known.get(name, [])
        found[name] = before if before[:-1] == state else [*state, digest(path)]
    if found != known:
        with suppress(OSError):  # it only saves time
            known_file.parent.mkdir(parents=True, exist_ok=True)
            temporary = known_file.with_suffix(f".{os.getpid()}")
            temporary.write_text(json.dumps(found))
            temporary.replace(known_file)
    lines = [f"{values[-1]}  {name}\n" for name, values in found.items()]
    return digest("".join(sorted(lines)).encode(errors="surrogateescape"))


def _known(path: Path) -> dict[str, list[int | str]]:
    """What was found in a folder before, by the path of each file."""
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}
