"""Obtaining a source: drawn, linked, checked out or downloaded, and its content hashed."""

import hashlib
import logging
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.io import write_text
from cxr.download.archive import remove, unpack
from cxr.download.http import download

log = logging.getLogger("cxr")

GIT_ATTEMPTS = 3
ORIGINS = {
    "synthetic": "drawn by code",
    "directory": "local directory",
    "table": "local directory",
    "git": "git",
    "archive": "archive",
}


def obtain_source(
    name: str, source: Mapping[str, Any], destination: Path, mirror: Path | None
) -> dict[str, Any]:
    """Fills a folder with a source; the folder is whole or not there.

    Parameters
    ----------
    name : str
    source : mapping
        A resolved source of the config.
    destination : Path
        The folder to make; one that is there is replaced.
    mirror : Path or None
        Where it is given, git and archive sources are linked from
        `mirror/<folder>`.

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
    mirrored = mirror is not None and "folder" in source
    if mirror is not None and mirrored:
        get, source = _link, {**source, "path": str(mirror / source["folder"])}
    else:
        get = GETTERS[source["kind"]]
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=destination.parent) as temporary:
        folder = Path(temporary) / "files"
        folder.mkdir()
        extra = get({**source, "cache": f"{destination}.partial"}, folder)
        for inner in source.get("unpack", []):
            _unpack_inside(folder, inner)
        measured = folder_digest(folder)
        if measured["files"] == 0:
            raise InputError(f"source '{name}': it holds no file; check its address or path")
        remove(destination)
        folder.replace(destination)
    return {
        "name": name,
        "kind": source["kind"],
        "origin": "local mirror" if mirrored else ORIGINS[source["kind"]],
        "url": source.get("url"),
        "revision": source.get("commit"),
        **measured,
        **extra,
        "obtained": datetime.now(UTC).isoformat(timespec="seconds"),
    }


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
        told = str(error).replace(str(archive), name)
        raise InputError(f"config key 'unpack': {told}") from error


def folder_digest(folder: Path) -> dict[str, Any]:
    """Number of files, bytes, and the hash of all names and contents below a folder.

    Returns
    -------
    dict
        `files`, `bytes`, and `content_hash`: SHA-256 over the sorted lines
        "<sha256>  <relative path>".
    """
    lines, size = [], 0
    for path in _files(folder):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
        size += path.stat().st_size
    total = hashlib.sha256("".join(sorted(lines)).encode())
    return {"files": len(lines), "bytes": size, "content_hash": total.hexdigest()}


def _files(folder: Path) -> list[Path]:
    """Every file below a folder; links to folders are not followed."""
    found = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(place) / name for name in sorted(names)]
    return found


def _draw(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from cxr.synthetic.cohort import write_cohort

    keys = (
        "patients",
        "images_per_patient",
        "image_size",
        "variants",
        "variant_strength",
        "variant_sites",
        "seed",
    )
    write_cohort(folder, **{key: source[key] for key in keys})
    return {}


def _link(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A tree of links to the regular files of a folder; nothing is copied.

    A link that leads out of the folder, to a file or a folder, is left out, with a warning.
    """
    root = Path(source["path"]).resolve()
    if not root.is_dir():
        raise InputError(
            f"{source['path']}: no such folder; it should hold the source as its publisher lays it "
            f"out"
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
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(real)
    return {}


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


def _check_out(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The wanted paths of one commit: shallow, and without the blobs of other paths."""
    commit, url, paths = source["commit"], source["url"], source["paths"]
    if url.startswith("-"):
        raise InputError(f"{url}: an address can't begin with a dash")
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        repository = ["-C", place]
        _git(["init", "--quiet", place])
        _git([*repository, "remote", "add", "origin", url])
        _git([*repository, "config", "remote.origin.promisor", "true"])
        _git([*repository, "config", "remote.origin.partialclonefilter", "blob:none"])
        fetch = [*repository, "fetch", "--quiet", "--depth=1", "--no-tags"]
        log.info("fetching %s of %s", commit, url)
        _patiently([*fetch, "--filter=blob:none", "origin", commit])
        for path in paths:
            known = _git([*repository, "ls-tree", "--name-only", commit, "--", path])
            if not known.strip():
                raise InputError(f"{url}: commit {commit} has no path {path!r}; check the config")
        wanted = paths or ["."]
        _patiently([*repository, "--work-tree", str(folder), "checkout", commit, "--", *wanted])
    _remove_stray_links(folder)
    return {}


def _remove_stray_links(folder: Path) -> None:
    """Removes links to files and folders that are outside of a folder, or are not there."""
    root = os.path.realpath(folder)
    for place, folders, names in os.walk(folder):
        for path in (Path(place) / name for name in (*folders, *names)):
            inside = Path(os.path.realpath(path)).is_relative_to(root)
            if path.is_symlink() and not (inside and path.exists()):
                log.warning("%s: a link out of the source or to nothing; it is left out", path.name)
                path.unlink()


def _patiently(arguments: list[str]) -> None:
    """A git command that uses the network: what a broken connection spoils is tried again."""
    for attempt in range(GIT_ATTEMPTS):
        try:
            _git(arguments)
            return
        except InputError as error:
            if attempt == GIT_ATTEMPTS - 1:
                raise
            log.warning("%s; trying again", error)
            time.sleep(2.0**attempt)


def _git(arguments: list[str]) -> str:
    """Runs git without prompts, hooks, user configuration or submodules.

    Raises
    ------
    InputError
        With git's own last words.
    """
    environment = os.environ | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false"]
    try:
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise InputError("git is not installed; install it, or give a mirror") from error
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        raise InputError(
            f"git {arguments[-1]}: {words[-1] if words else 'failed'}; check the source's url and "
            f"commit, or give a mirror"
        )
    return done.stdout


def _download(source: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """An archive; where no checksum is given, that of the first time is kept and compared."""
    cache = Path(source["cache"])
    recorded = cache.with_suffix(".sha256")
    known = recorded.read_text().strip() if recorded.is_file() else None
    archive = download([source["url"], *source["mirrors"]], source["sha256"], cache)
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if source["sha256"] is None and known not in (None, digest):
        remove(cache)
        raise InputError(
            f"{source['url']}: its SHA-256 is {digest}, but was {known} when it was first "
            f"obtained; delete {recorded} to accept the change"
        )
    unpack(archive, folder)
    write_text(f"{digest}\n", recorded)
    remove(cache)
    return {"archive_sha256": digest}


GETTERS = {
    "synthetic": _draw,
    "directory": _link,
    "table": _link,
    "git": _check_out,
    "archive": _download,
}
