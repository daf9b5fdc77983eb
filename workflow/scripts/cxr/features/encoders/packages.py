"""The packages that run published encoders, which not every environment has."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from cxr.core.advice import machine_error
from cxr.core.errors import InputError

INSTALL = "make encoders"
REASON = 160  # characters of a library's own words that a line quotes


def require_package(name: str) -> Any:
    """A package of the dependency group `encoders`.

    Raises
    ------
    InputError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        missing = error.name or name
        raise InputError(
            f"config key 'encoders': the package {missing} is not installed; run `{INSTALL}`"
        ) from error


def versions_of(*packages: str) -> dict[str, str]:
    """The installed version of each package."""
    return {package: version(package) for package in packages}


def reason_of(error: BaseException) -> str:
    """A library's error in a few words of its own."""
    words = " ".join(str(error).split())
    return words if len(words) <= REASON else f"{words[:REASON]}…"


@contextmanager
def loading(folder: Path, library: str) -> Iterator[None]:
    """Turns what a library raises over the files of an encoder into one line.

    Raises
    ------
    InputError
        With the library's reason.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as error:
        if machine_error(error) is not None:
            raise
        raise InputError(
            f"{folder}: {library} can't load this encoder ({reason_of(error)}); its files are "
            f"damaged, or not those that {library} saves: obtain them again, or name another model"
        ) from error
