"""Sources in git repositories, at one commit."""

import errno
import logging
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cxr.core.advice import machine_error_in
from cxr.core.errors import InputError
from cxr.download.archive import MAX_ENTRIES, largest_expansion
from cxr.download.links import remove_stray_links

log = logging.getLogger("cxr")

ATTEMPTS = 3
# Larger objects are written as they arrive, never held in memory.
STREAMED = "16m"


@dataclass(frozen=True)
class Git:
    """Some paths of a repository at one commit.

    Attributes
    ----------
    url : str
    commit : str
        Its full id; git's own hashes are the integrity check.
    paths : tuple of str
        Files and folders; empty for all.
    """

    url: str
    commit: str
    paths: tuple[str, ...] = ()


def check_out(source: Git, folder: Path) -> None:
    """Fills a folder with the paths of a commit: shallow, and without the blobs of other paths.

    What git fetched is compressed; how large it is in full is asked before any file is written.

    Raises
    ------
    InputError
        If the address, the commit or a path can't be obtained, with git's last words, or
        there are more files, or files that expand to more, than an archive may have.
    """
    if source.url.startswith("-"):
        raise InputError(f"{source.url}: an address can't begin with a dash")
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        repository = ["-C", place]
        _git(["init", "--quiet", place])
        _git([*repository, "remote", "add", "origin", source.url])
        _git([*repository, "config", "remote.origin.promisor", "true"])
        _git([*repository, "config", "remote.origin.partialclonefilter", "blob:none"])
        fetch = [*repository, "fetch", "--quiet", "--depth=1", "--no-tags"]
        log.info("fetching %s of %s", source.commit, source.url)
        _retry_git([*fetch, "--filter=blob:none", "origin", source.commit])
        for path in source.paths:
            listing = _git([*repository, "ls-tree", "--name-only", source.commit, "--", path])
            if not listing.strip():
                raise InputError(
                    f"{source.url}: commit {source.commit} has no path {path!r}; check the config"
                )
        _require_bounded(source, Path(place))
        checkout = [*repository, "--work-tree", str(folder), "checkout", source.commit]
        _git([*checkout, "--", *(source.paths or ["."])])
    remove_stray_links(folder)


def _require_bounded(source: Git, place: Path) -> None:
    """Fetches the files of a commit's paths, still compressed, and adds up what they expand to."""
    repository = ["-C", str(place)]
    paths = source.paths or (".",)
    tree = _git([*repository, "ls-tree", "-r", "-z", source.commit, "--", *paths])
    entries = [entry.partition("\t")[0].split() for entry in tree.split("\0") if entry]
    blobs = [name for _, kind, name in entries if kind == "blob"]
    if len(entries) > MAX_ENTRIES:
        raise InputError(f"{source.url}: more than {MAX_ENTRIES} files; name fewer paths")
    _retry_git(
        [*repository, "fetch", "--quiet", "--no-tags", "--filter=blob:none", "--stdin", "origin"],
        "".join(f"{name}\n" for name in dict.fromkeys(blobs)),
    )
    asked = "".join(f"{name}\n" for name in blobs)
    sizes = _git([*repository, "cat-file", "--batch-check=%(objectsize)"], asked).split()
    fetched = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    largest = largest_expansion(fetched)
    if sum(map(int, sizes)) > largest:
        raise InputError(
            f"{source.url}: the files expand to more than {largest} bytes; the source is refused"
        )


def _retry_git(arguments: list[str], asked: str = "") -> None:
    """A git command that uses the network: what a broken connection spoils is tried again."""
    for attempt in range(ATTEMPTS):
        try:
            _git(arguments, asked)
            return
        except InputError as error:
            if attempt == ATTEMPTS - 1:
                raise
            log.warning("%s; trying again", error)
            time.sleep(2.0**attempt)


def _git(arguments: list[str], asked: str = "") -> str:
    """Runs git without prompts, hooks, user configuration or submodules; `asked` is its input.

    Raises
    ------
    InputError
        With git's own last words.
    OSError
        If the machine kept git from writing.
    """
    environment = os.environ | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    settings = {
        "core.hooksPath": "/dev/null",
        "advice.detachedHead": "false",
        "core.bigFileThreshold": STREAMED,
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    try:
        done = subprocess.run(
            ["git", *options, *arguments],
            env=environment,
            input=asked,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        raise InputError("git is not installed; install it, or give a mirror") from error
    if done.returncode:
        code = machine_error_in(done.stderr)
        if code is not None:
            raise OSError(code, os.strerror(code))
        if done.returncode == -signal.SIGXFSZ:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise InputError(
            f"git {arguments[-1]}: {lines[-1] if lines else 'failed'}; check the source's url and "
            f"commit, or give a mirror"
        )
    return done.stdout
