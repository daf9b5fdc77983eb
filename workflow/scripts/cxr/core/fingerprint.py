"""The fingerprint of what a job runs: its script and every module of ours that it imports.

Snakemake reruns a job when its script file is newer than its outputs, which a
fresh clone makes true for all of them, and does not see imported modules. So
each rule carries this hash of contents among its params instead. Comments,
docstrings and layout are no part of it: they change no result.
"""

import ast
import hashlib
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from cxr.core.paths import PACKAGE
from cxr.core.user_cache import KeptValues

# Fields of a syntax tree that say how something is written, not what it does.
SPELLING = {"ctx", "kind", "type_comment"}


def _by() -> str:
    """What meanings depend on besides a file: this module, and the version of Python."""
    return hashlib.sha256(Path(__file__).read_bytes() + sys.version.encode()).hexdigest()[:16]


# By the hash of a file, the hash of what it means and the dotted names that it imports.
MEANINGS = KeptValues(f"meanings-{_by()}")


def fingerprint(script: Path, library: Path = PACKAGE) -> str:
    """Hash of a script and the modules of `library` that it imports, directly or not.

    Imports inside functions count. A package counts with its data files
    (templates, styles), those in folders below it that are no packages included.

    Parameters
    ----------
    script : Path
        The script of a rule.
    library : Path
        The folder of the first-party package.

    Returns
    -------
    str
        20 hexadecimal digits; the same wherever script and folder lie, and through
        whichever links they are reached.
    """
    pending = [(script.name, script)]
    contents: dict[str, str] = {}
    while pending:
        name, path = pending.pop()
        if name in contents:
            continue
        contents[name], imported = _read(path, library)
        pending += [(file.relative_to(library.parent).as_posix(), file) for file in imported]
    digest = hashlib.sha256()
    for name in sorted(contents):
        digest.update(f"{name}\0{contents[name]}\0".encode())
    return digest.hexdigest()[:20]


@cache
def _read(path: Path, library: Path) -> tuple[str, tuple[Path, ...]]:
    """The hash of what one file means, and the files of `library` that it imports."""
    content = path.read_bytes().replace(b"\r\n", b"\n")
    written = hashlib.sha256(content).hexdigest()
    if path.suffix != ".py":
        return written, ()
    meaning, names = MEANINGS.get(written, lambda: _meaning(content, path))
    imported = {file for name in names for file in _files(name, library)}
    return meaning, tuple(sorted(imported))


def _meaning(content: bytes, path: Path) -> tuple[str, list[str]]:
    """The hash of what a module means, and the dotted names that it imports."""
    words: list[str] = []
    names: set[str] = set()
    _spell(ast.parse(content, filename=str(path)), words, names)
    meaning = hashlib.sha256("\n".join(words).encode(errors="surrogatepass"))
    return meaning.hexdigest(), sorted(names)


def _spell(node: ast.AST, words: list[str], names: set[str]) -> None:
    """Adds a syntax tree as words, and the dotted names that it imports.

    Without places, docstrings and fields that hold nothing: empty fields differ between
    versions of Python, and so does `ast.dump`.
    """
    words.append(f"({type(node).__name__}")
    names.update(_imported_names(node))
    docstring = _docstring(node)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name in SPELLING:
            continue
        words.append(name)
        for item in value if isinstance(value, list) else (value,):
            if not isinstance(item, ast.AST):
                words.append(repr(item))
            elif item is not docstring:
                _spell(item, words, names)
    words.append(")")


def _docstring(node: ast.AST) -> ast.stmt | None:
    """The statement that is the docstring of a module, class or function."""
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            return first if isinstance(first.value.value, str) else None
    return None


def _imported_names(node: ast.AST) -> Iterable[str]:
    """The dotted names of modules, or of what may be one, that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return ()


@cache
def _files(name: str, library: Path) -> frozenset[Path]:
    """The files of a dotted module name: each package on the way, and the module."""
    parts = name.split(".")
    if parts[0] != library.name:
        return frozenset()
    places = [library.parent.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    return frozenset(file for place in places for file in _module_files(place))


@cache
def _module_files(place: Path) -> tuple[Path, ...]:
    """The file of a module, those of a package itself, or none where neither lies there."""
    if place.with_suffix(".py").is_file():
        return (place.with_suffix(".py"),)
    if (place / "__init__.py").is_file():
        return (place / "__init__.py", *_data_files(place))
    return ()


def _data_files(folder: Path) -> Iterator[Path]:
    """What lies in a folder besides modules, and in folders below it that are no packages."""
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name != "__pycache__" and not (path / "__init__.py").is_file():
                yield from _data_files(path)
        elif path.suffix not in (".py", ".pyc"):
            yield path
