"""Whether a run can write where it has to, and caches for users whose home can't be written."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cxr.core.advice import advice, owner_of
from cxr.core.errors import InputError
from cxr.core.io import require_writable
from cxr.core.paths import ENGINE_STATE, STATE

# What Snakemake makes there before it plans, for a dry run too.
STATE_FOLDERS = (
    *("shadow", "conda-archive", "conda", "singularity", "auxiliary", "iocache"),
    *("locks", "metadata", "incomplete"),
)
CACHES = STATE / "cache"


def require_state() -> None:
    """Checks that Snakemake's own folders are there or can be made.

    Raises
    ------
    InputError
        With the place that forbids it.
    """
    for folder in (ENGINE_STATE, *(ENGINE_STATE / name for name in STATE_FOLDERS)):
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(advice(error) or str(error)) from None


def require_readable(results: Path, study: str) -> None:
    """Checks that the folders of a study's results, where they are there, can be listed.

    Raises
    ------
    InputError
        With the first one that can't, or that is no folder.
    """
    for top in (results, results / study):
        if os.path.lexists(top) and not top.is_dir():
            raise InputError(f"{top}: not a folder; move it away and run again")
    folders = (Path(place, name) for place, names, _ in os.walk(results / study) for name in names)
    for folder in (results, results / study, *folders):
        if folder.is_dir() and not os.access(folder, os.R_OK | os.X_OK):
            raise InputError(
                f"{folder}: can't be read; make it readable{owner_of(folder)} and run again"
            )


def require_places(files: Iterable[str | os.PathLike[str]]) -> None:
    """Checks that files that a run will write, and their folders, can be written.

    Raises
    ------
    InputError
        With the first place that can't.
    """
    paths = [Path(file) for file in files]
    for folder in sorted({path.parent for path in paths}):
        above = [part for part in (folder, *folder.parents) if os.path.lexists(part)]
        if not above[0].is_dir():
            raise InputError(f"{above[0]}: not a folder; move it away and run again")
        refused = [part for part in above if not os.access(part, os.W_OK | os.X_OK)]
        if above[0] in refused:
            # Of results that can't be written the topmost folder is named.
            require_writable(next((part for part in reversed(refused) if part != Path()), Path()))
    for path in paths:
        if path.exists() and not os.access(path, os.W_OK):
            raise InputError(
                f"{path}: can't be written; make it writable{owner_of(path)} and run again"
            )


def use_writable_caches() -> None:
    """Points libraries to a cache below Snakemake's folder where the user's can't be written.

    The processes that this one starts inherit it. `MPLCONFIGDIR` is matplotlib's, which
    caches its list of fonts, `TRITON_CACHE_DIR` that of the compiler for GPUs; fontconfig, numba
    and torch follow `XDG_CACHE_HOME`.
    """
    if not _takes_files("XDG_CACHE_HOME", ".cache"):
        os.environ["XDG_CACHE_HOME"] = str(CACHES.absolute())
    if "MPLCONFIGDIR" not in os.environ and not _takes_files("XDG_CONFIG_HOME", ".config"):
        os.environ["MPLCONFIGDIR"] = str((CACHES / "matplotlib").absolute())
    if not _takes_files("TRITON_CACHE_DIR", ".triton/cache"):
        os.environ["TRITON_CACHE_DIR"] = str((CACHES / "triton").absolute())


def _takes_files(variable: str, usual: str) -> bool:
    """Whether a folder of the user's, by its variable or its usual name, can be written."""
    try:
        folder = Path(os.environ.get(variable) or Path.home() / usual)
        there = next(part for part in (folder, *folder.parents) if os.path.lexists(part))
        with tempfile.TemporaryFile(dir=there) as stream:
            stream.write(bytes(4096))
    except (OSError, RuntimeError):  # or there is no home
        return False
    return True
