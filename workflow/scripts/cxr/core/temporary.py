"""Temporary files that say whose they are, and take the place of targets only where they may."""

import hashlib
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

OLD = 24 * 3600  # seconds after which another machine's temporary file counts as abandoned
PARTS = 3  # <machine>.<process>.<random>, after the name of the target


@cache
def _machine() -> str:
    """The machine since its start; a container with processes of its own is another one."""
    words = [platform.node()]
    with suppress(OSError):
        words.append(Path("/proc/sys/kernel/random/boot_id").read_text())
    with suppress(OSError):
        words.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:8]


def owner() -> str:
    """The words that this process puts into the names of its temporary files."""
    return f"{_machine()}.{os.getpid()}"


def remove_abandoned(target: Path) -> None:
    """Removes the temporary files and folders of a target that killed processes left."""
    prefix = f".{target.name}."
    for path in target.parent.iterdir():
        words = path.name.removeprefix(prefix).split(".")
        if not path.name.startswith(prefix) or len(words) != PARTS or not words[1].isdigit():
            continue
        with suppress(FileNotFoundError):  # another process was faster
            if _is_abandoned(path, *words[:2]):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_abandoned(path: Path, machine: str, process: str) -> bool:
    if machine != _machine():
        return time.time() - path.stat().st_mtime > OLD
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it is there, and another user's
        return False
    return False


_checks: list[Callable[[], None]] = []


@contextmanager
def replaces_only_if(check: Callable[[], None]) -> Iterator[None]:
    """Has `require_replaceable` call `check`, which raises where nothing may be replaced."""
    _checks.append(check)
    try:
        yield
    finally:
        _checks.remove(check)


def require_replaceable() -> None:
    """Raises where this process may not put its temporary files in place of their targets."""
    for check in _checks:
        check()
