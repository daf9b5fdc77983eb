"""Downloading one file: checked, retried, resumed."""

import fcntl
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cxr.core.advice import machine_error
from cxr.core.errors import InputError
from cxr.core.hashing import file_sha256
from cxr.core.progress import Progress

log = logging.getLogger("cxr")

ATTEMPTS = 5
BLOCK = 1 << 14
TIMEOUT_S = 60


def download(
    urls: Sequence[str],
    sha256: str | None,
    folder: Path,
    pause: Callable[[float], None] = time.sleep,
) -> Path:
    """Downloads a file into `folder`, which keeps an unfinished part for the next try.

    An interrupted transfer goes on where it stopped if the server can; a file
    that is shorter or longer than announced, or has another checksum, is
    discarded. Attempts at an address are 1, 2, 4, ... seconds apart; when all
    have failed the next address is tried. Two processes that want the same file
    take turns.

    Parameters
    ----------
    urls : sequence of str
        Addresses of the same file, the best first.
    sha256 : str or None
        Expected checksum.
    folder : Path
        Made if need be.
    pause : callable
        Waits for so many seconds.

    Returns
    -------
    Path
        `<folder>/<hash of the first address>`.

    Raises
    ------
    InputError
        If it does not succeed, with the last reason of each address.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / hashlib.sha256(urls[0].encode()).hexdigest()[:16]
    partial = target.with_suffix(".part")
    problems = []
    with file_lock(target.with_suffix(".lock")):
        for url in urls:
            problem = _attempt(url, sha256, partial, pause)
            if problem is None:
                return partial.replace(target)
            log.warning("%s: %s", url, problem)
            problems.append(f"{url}: {problem}")
            if sha256 is None and url != urls[-1]:
                # Without a checksum the next address might go on with another file.
                partial.unlink(missing_ok=True)
    raise InputError(
        f"not obtained in {ATTEMPTS} attempts: {'; '.join(problems)}; check the network and the "
        f"source's url and sha256, or give a mirror"
    )


def _attempt(
    url: str, sha256: str | None, partial: Path, pause: Callable[[float], None]
) -> str | None:
    """Fills `partial` from one address; None where it went well, else the last problem."""
    import requests

    problem = None
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(2.0 ** (attempt - 1))
        try:
            _transfer(url, partial)
        except (requests.RequestException, OSError) as error:
            local = not isinstance(error, requests.RequestException)
            if local and machine_error(error) is not None:
                raise
            problem = " ".join(str(error).split())
            continue
        digest = file_sha256(partial)
        if sha256 is None or digest == sha256:
            return None
        partial.unlink()
        problem = f"its SHA-256 is {digest}, not {sha256}"
    return problem


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Waits until no other process is in a block with the same lock file."""
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _transfer(url: str, partial: Path) -> None:
    """Appends what is missing of `url` to `partial`.

    Raises
    ------
    requests.RequestException
        If the server refuses, or sends less or more than it announced.
    """
    import requests

    have = partial.stat().st_size if partial.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    # Without "identity" a server may compress, and the length would be that of other bytes.
    headers["Accept-Encoding"] = "identity"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            partial.unlink()
            raise requests.ConnectionError("the server can't resume; starting again")
        answer.raise_for_status()
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise requests.ConnectionError("the server compresses what it sends, unasked")
        resumed = answer.status_code == requests.codes.partial_content
        announced = answer.headers.get("Content-Length")
        total = int(announced) + (have if resumed else 0) if announced else None
        progress = Progress(total, f"MB of {url}", unit=10**6)
        progress.done = have if resumed else 0
        with partial.open("ab" if resumed else "wb") as out:
            for block in answer.iter_content(BLOCK):
                out.write(block)
                progress.step(len(block))
    size = partial.stat().st_size
    if total is not None and size != total:
        if size > total:
            partial.unlink()
        raise requests.ConnectionError(f"{size} of {total} bytes came")
