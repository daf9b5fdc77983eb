"""The fingerprint of what a job runs: its script and every module of ours that it imports.

Snakemake reruns a job when its script file is newer than its outputs, which a
fresh clone makes true for all of them, and does not see imported modules. So
each rule carries this hash of contents among its params instead.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

from cxr.core.paths import PACKAGE


def fingerprint(script: Path, library: Path = PACKAGE) -> str:
    """Hash of a script and the modules of `library` that it imports, directly or not.

    Imports inside functions count. A package counts with the files beside its
    modules (templates, styles).

    Parameters
    ----------
    script : Path
        The script of a rule.
    library : Path
        The folder of the first-party package, beside the script.

    Returns
    -------
    str
        20 hexadecimal digits; the same wherever the folder lies.
    """
    root = library.parent
    pending = [script]
    seen: dict[str, bytes] = {}
    while pending:
        path = pending.pop()
        name = path.relative_to(root).as_posix()
        if name not in seen:
            seen[name] = path.read_bytes().replace(b"\r\n", b"\n")
            if path.suffix == ".py":
                pending += _imported(path, library)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(f"{name}\0{len(seen[name])}\0".encode() + seen[name])
    return digest.hexdigest()[:20]


@cache
def _imported(path: Path, library: Path) -> tuple[Path, ...]:
    """The files of `library` that one file imports, with the data files beside packages."""
    found: set[Path] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            found.update(_files(name, library))
    return tuple(sorted(found))


def _files(name: str, library: Path) -> set[Path]:
    """The files behind a dotted module name: each package on the way, and the module."""
    parts = name.split(".")
    if parts[0] != library.name:
        return set()
    files: set[Path] = set()
    for depth in range(1, len(parts) + 1):
        place = library.parent.joinpath(*parts[:depth])
        if place.with_suffix(".py").is_file():
            files.add(place.with_suffix(".py"))
        elif (place / "__init__.py").is_file():
            files.update(
                file
                for file in place.iterdir()
                if file.name == "__init__.py" or file.suffix not in (".py", ".pyc", "")
            )
    return files
