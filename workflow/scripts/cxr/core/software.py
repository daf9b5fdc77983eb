"""Which software this is."""

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAME = "cxr-clusters"


def commit() -> tuple[str | None, str | None]:
    """The commit of this software and that commit's day, None outside a repository."""
    found = _git("rev-parse", "HEAD")
    return found, _git("show", "-s", "--format=%cs", "HEAD") if found else None


def described_commit() -> str | None:
    """The commit of this software, with a plus where files of it are changed, or None."""
    return _git("describe", "--always", "--dirty=+", "--exclude=*", "--abbrev=40")


def package_version(package: str) -> str | None:
    """The version of an installed package, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*words: str) -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:  # no git here
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
