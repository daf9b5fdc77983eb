"""The files that a table's names mean, however these are spelt."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cxr.images.formats import IMAGE_SUFFIXES
from cxr.sources.files import LEAVES, has_part_like, list_files

DRIVE = re.compile(r"[A-Za-z]:/")
# Files that archives of macOS have beside the images.
LEFTOVERS = (".", "__MACOSX")


class Found(NamedTuple):
    """The file that a name means, relative to the folder, and why it can't be used."""

    file: str
    problem: str | None = None


class ImageFiles:
    r"""The files below a folder, by their names as people write them.

    A name means the file of that path. Where there is none it means the only file that
    differs in: case, Unicode form and white space; the suffix of an image, missing or another
    one; folders in front, which the name has more of or fewer (`C:\data\images\a.png`,
    `a.png` in a subfolder); zeros before a number, which spreadsheet programs remove. Each of
    these counts only where those before it find nothing. Two files that fit equally are
    none.

    Parameters
    ----------
    folder : Path
        Its files are listed once, links to folders aside.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = [f for f in list_files(folder, folder) if not has_part_like(f, *LEFTOVERS)]
        self._files = frozenset(files)
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._by_number: dict[str, list[str]] = defaultdict(list)
        for file in files:
            name = _plain(PurePosixPath(file).name)
            self._by_name[name].append(file)
            stem = _without_suffix(name)
            if stem != name:
                self._by_stem[stem].append(file)
                if stem.isdecimal():
                    self._by_number[stem.lstrip("0")].append(file)

    def find(self, text: str | None) -> Found:
        """The file that a name means, or the name itself where no file fits.

        The problem says why the name can't be that of one file: it leaves the folder, or
        fits several.
        """
        text = text or ""
        name = _normal(text)
        for literal in (text, " ".join(text.split()), name):
            if self._is_file(literal):
                return Found(PurePosixPath(literal).as_posix())
        fitting = self._respelt(name)
        if len(fitting) == 1:
            return Found(fitting[0])
        problem = None
        if fitting:
            problem = f"several files fit the name: {', '.join(sorted(fitting)[:3])}"
        elif name.split("/")[0] == "..":
            problem = LEAVES
        return Found(name.lstrip("/"), problem)

    def _respelt(self, name: str) -> list[str]:
        """The files that a name fits equally well."""
        parts = _parts(name)
        if not parts:
            return []
        candidates = self._alternatives(parts[-1])
        return next((files for some in candidates if (files := _fitting(parts, some))), [])

    def _is_file(self, name: str) -> bool:
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts or "\0" in name:
            return False
        if path.as_posix() in self._files:
            return True
        try:
            return (self._folder / path).is_file()
        except OSError:
            return False

    def _alternatives(self, name: str) -> Iterable[Sequence[str]]:
        stem = _without_suffix(name)
        yield self._by_name.get(name, ())
        # A name may hold a dot that begins no suffix.
        yield self._by_stem.get(name, ())
        yield self._by_stem.get(stem, ())
        if stem.isdecimal() and not stem.startswith("0"):
            yield self._by_number.get(stem, ())


def _fitting(parts: Sequence[str], files: Iterable[str]) -> list[str]:
    """The files whose folders are those of a name, else those at whose end the name's are.

    Else those whose folders are at the end of the name's, the most of them.
    """
    folders = {file: _parts(file)[:-1] for file in files}
    wanted = tuple(parts[:-1])
    for fits in (
        [f for f, own in folders.items() if own == wanted],
        [f for f, own in folders.items() if own[len(own) - len(wanted) :] == wanted],
    ):
        if fits:
            return fits
    ends = [f for f, own in folders.items() if wanted[len(wanted) - len(own) :] == own]
    most = max((len(folders[f]) for f in ends), default=0)
    return [f for f in ends if len(folders[f]) == most]


def _normal(text: str) -> str:
    """A path with forward slashes, without `.` and what a `..` behind it takes back."""
    path = " ".join(text.split()).replace("\\", "/")
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(kept)


def _parts(path: str) -> tuple[str, ...]:
    plain = _plain(DRIVE.sub("", path))
    return tuple(part for part in plain.split("/") if part not in ("", ".."))


def _plain(name: str) -> str:
    """A name in one case and Unicode form, with one kind of white space."""
    return " ".join(unicodedata.normalize("NFC", name.casefold()).split())


def _without_suffix(name: str) -> str:
    return next((name.removesuffix(end) for end in IMAGE_SUFFIXES if name.endswith(end)), name)
