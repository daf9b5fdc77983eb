"""Obtaining a source: made, linked, checked out or downloaded, and its content hashed."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.hashing import file_sha256, files_below
from cxr.core.io import write_text
from cxr.core.settings import typed
from cxr.core.temporary import owner, remove_abandoned, require_replaceable
from cxr.download.archive import remove, unpack
from cxr.download.git import Git, check_out
from cxr.download.http import download
from cxr.download.links import Folder, link_files
from cxr.synthetic.settings import SyntheticCohort


@dataclass(frozen=True)
class Archive:
    """A zip or tar archive.

    Attributes
    ----------
    url : str
    sha256 : str or None
        Of the archive, None where the publisher states none.
    mirrors : tuple of str
        Other addresses of the same archive, tried in order.
    """

    url: str
    sha256: str | None
    mirrors: tuple[str, ...] = ()


Content = SyntheticCohort | Folder | Git | Archive
CONTENTS: dict[str, type[Content]] = {
    "synthetic": SyntheticCohort,
    "directory": Folder,
    "table": Folder,
    "folders": Folder,
    "git": Git,
    "archive": Archive,
}
ORIGINS = {
    "synthetic": "synthetic",
    "directory": "local directory",
    "table": "local directory",
    "folders": "local directory",
    "git": "git",
    "archive": "archive",
}


@dataclass(frozen=True)
class Source:
    """A source: where its files come from, and what is recorded of that.

    Attributes
    ----------
    content : SyntheticCohort, Folder, Git or Archive
        How its files are obtained; of a mirrored source the folder in the mirror.
    kind : str
        As the config names it.
    origin : str
    url, revision : str or None
        Of the published source, also where a mirror stands in for it.
    unpack : tuple of str
        Archives inside it that are unpacked beside.
    """

    content: Content
    kind: str
    origin: str
    url: str | None = None
    revision: str | None = None
    unpack: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any], mirror: str | Path | None) -> "Source":
        """A source of the config.

        Parameters
        ----------
        values : mapping
            Its `kind`, the attributes of that kind's content, and where they are, `unpack`
            and `folder`, its folder in a mirror.
        mirror : path or None
            Where it is given, git and archive sources are linked from `mirror/<folder>`.
        """
        rest = {**values}
        kind, folder, inner = rest.pop("kind"), rest.pop("folder", None), rest.pop("unpack", [])
        content = typed(CONTENTS[kind], rest)
        origin = ORIGINS[kind]
        if mirror is not None and folder is not None:
            content, origin = Folder(str(Path(mirror) / folder)), "local mirror"
        return cls(content, kind, origin, rest.get("url"), rest.get("commit"), tuple(inner))


def obtain_source(name: str, source: Source, destination: Path, threads: int = 1) -> dict[str, Any]:
    """Fills a folder with a source; the folder is whole or not there.

    Parameters
    ----------
    name : str
    source : Source
    destination : Path
        The folder to make; one that is there is replaced.
    threads : int
        Processes that draw a synthetic source.

    Returns
    -------
    dict
        Provenance: name, kind, origin, url, revision, files, bytes, content_hash,
        obtained; for an archive also archive_sha256.

    Raises
    ------
    InputError
        If it can't be obtained, with what is wrong and what to do.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(destination)
    prefix = f".{destination.name}.{owner()}."
    with tempfile.TemporaryDirectory(prefix=prefix, dir=destination.parent) as temporary:
        folder = Path(temporary) / "files"
        folder.mkdir()
        checksum = _fill(folder, source.content, Path(f"{destination}.partial"), threads)
        for inner in source.unpack:
            _unpack_inside(folder, inner)
        digest = folder_digest(folder)
        if digest["files"] == 0:
            raise InputError(f"source '{name}': it holds no file; check its address or path")
        require_replaceable()
        remove(destination)
        folder.replace(destination)
    return {
        "name": name,
        "kind": source.kind,
        "origin": source.origin,
        "url": source.url,
        "revision": source.revision,
        **digest,
        **({} if checksum is None else {"archive_sha256": checksum}),
        "obtained": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _fill(folder: Path, content: Content, cache: Path, threads: int) -> str | None:
    """Fills an empty folder; `cache` keeps unfinished downloads. The SHA-256 of an archive."""
    match content:
        case SyntheticCohort():
            from cxr.synthetic.cohort import write_cohort

            write_cohort(folder, content, threads)
        case Folder():
            link_files(content, folder)
        case Git():
            check_out(content, folder)
        case Archive():
            return _download_archive(content, folder, cache)
    return None


def _download_archive(source: Archive, folder: Path, cache: Path) -> str:
    """An archive; where no checksum is given, that of the first time is kept and compared."""
    record = cache.with_suffix(".sha256")
    first = record.read_text().strip() if record.is_file() else None
    archive = download([source.url, *source.mirrors], source.sha256, cache)
    digest = file_sha256(archive)
    if source.sha256 is None and first not in (None, digest):
        remove(cache)
        raise InputError(
            f"{source.url}: its SHA-256 is {digest}, but was {first} when it was first "
            f"obtained; delete {record} to accept the change"
        )
    unpack(archive, folder)
    write_text(f"{digest}\n", record)
    remove(cache)
    return digest


def _unpack_inside(folder: Path, name: str) -> None:
    """Unpacks an archive of a source into a folder beside it, named as it without its suffix."""
    archive = folder / name
    if not archive.is_file():
        raise InputError(f"config key 'unpack': the source has no file {name}; leave it out")
    target = archive.with_suffix("")
    if target.exists():
        raise InputError(f"config key 'unpack': {name} would be unpacked over {target.name}")
    target.mkdir()
    try:
        unpack(archive, target)
    except InputError as error:
        # Its path is that of a copy which is gone by now.
        message = str(error).replace(str(archive), name)
        raise InputError(f"config key 'unpack': {message}") from error


def folder_digest(folder: Path) -> dict[str, Any]:
    """Number of files, bytes, and the hash of all names and contents below a folder.

    Returns
    -------
    dict
        `files`, `bytes`, and `content_hash`: SHA-256 over the sorted lines
        "<sha256>  <relative path>".
    """
    lines, size = [], 0
    for path in files_below(folder):
        lines.append(f"{file_sha256(path)}  {path.relative_to(folder).as_posix()}\n")
        size += path.stat().st_size
    total = hashlib.sha256("".join(sorted(lines)).encode())
    return {"files": len(lines), "bytes": size, "content_hash": total.hexdigest()}
