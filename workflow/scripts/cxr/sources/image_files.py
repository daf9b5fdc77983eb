"""The files that a table's names mean, however these are spelt."""

import re
import unicodedata
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from cxr.images.formats import IMAGE_SUFFIXES
from cxr.sources.files import LEAVES, LEFTOVERS, has_part_like, list_files

DRIVE = re.compile(r"[A-Za-z]:/")
# So many files that a name fits are told.
SEVERAL = 3

# Folders and name of a file, in one case and Unicode form.
Parts = tuple[str, ...]


class Found(NamedTuple):
    """The file that a name means, relative to the folder, and why it can't be used."""

    file: str
    problem: str | None = None


class ImageFiles:
    r"""The files below a folder, by their names as people write them.

    A name means the file of that path. Where there is none it means the only file that
    differs in: case, Unicode form and white space; the suffix of an image, missing or another
    one; folders in front, which the name has more of or fewer (`C:\data\images\a.png`,
    `a.png` in a subfolder); zeros before a number, which spreadsheet programs remove, and the
    fraction of `12.0`, which they add. Each of these counts only where those before it find
    nothing. Two files that fit equally are none.

    Parameters
    ----------
    folder : Path
        Its files are listed once, links to folders aside.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = [f for f in list_files(folder, folder) if not has_part_like(f, *LEFTOVERS)]
        self._files = dict.fromkeys(files)

    @cached_property
    def _spellings(self) -> tuple["_Names", "_Names", "_Names"]:
        """The files by name, by name without suffix, and by number; few tables need them."""
        named, stems, numbers = _Names(), _Names(), _Names()
        for file in self._files:
            *folders, name = _parts(file)
            named.add((*folders, name), file)
            stem = _without_suffix(name)
            if stem != name:
                stems.add((*folders, stem), file)
                if stem.isdecimal():
                    numbers.add((*folders, stem.lstrip("0")), file)
        return named, stems, numbers

    def find(self, text: str | None) -> Found:
        """The file that a name means, or the name itself where no file fits.

        The problem says why the name can't be that of one file: it leaves the folder, or
        fits several.
        """
        text = text or ""
        if text in self._files:
            return Found(text)
        name = _normal(text)
        for literal in dict.fromkeys((text, " ".join(text.split()), name)):
            if self._is_file(literal):
                return Found(PurePosixPath(literal).as_posix())
        fitting = self._respelt(name)
        if len(fitting) == 1:
            return Found(fitting[0])
        problem = None
        if fitting:
            problem = f"several files fit the name: {', '.join(fitting)}"
        elif name.split("/")[0] == "..":
            problem = LEAVES
        return Found(name.lstrip("/"), problem)

    def _respelt(self, name: str) -> list[str]:
        """The files that a name fits equally well, at most `SEVERAL`."""
        parts = _parts(name)
        if not parts:
            return []
        *folders, last = parts
        stem = _without_suffix(last)
        # A name may hold a dot that begins no suffix.
        named, stems, numbers = self._spellings
        tries = [(named, last), (stems, last), (stems, stem)]
        number = re.sub(r"(?<=[0-9])\.0+$", "", stem)
        if number.isdecimal() and (number != stem or not stem.startswith("0")):
            tries.append((numbers, number.lstrip("0")))
        return next((f for names, end in tries if (f := names.fitting((*folders, end)))), [])

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


class _Names:
    """Files by their path and by each end of it."""

    def __init__(self) -> None:
        self._paths: dict[Parts, list[str]] = {}
        self._ends: dict[Parts, list[str]] = {}

    def add(self, parts: Parts, file: str) -> None:
        for start in range(len(parts)):
            names = self._ends if start else self._paths
            some = names.setdefault(parts[start:], [])
            if len(some) < SEVERAL:
                some.append(file)

    def fitting(self, parts: Parts) -> list[str]:
        """The files of that path, else those that end in it, else those in which it ends."""
        for names in (self._paths, self._ends):
            if parts in names:
                return names[parts]
        ends = (parts[start:] for start in range(1, len(parts)))
        return next((self._paths[end] for end in ends if end in self._paths), [])


def _normal(text: str) -> str:
    """A path with forward slashes, without `.` and what a `..` behind it takes back."""
    path = " ".join(text.split()).strip("\"'").replace("\\", "/")
    kept: list[str] = []
    for part in path.split("/"):
        if part == ".." and kept and kept[-1] != "..":
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(kept)


def _parts(path: str) -> Parts:
    plain = _plain(DRIVE.sub("", path))
    return tuple(part for part in plain.split("/") if part not in ("", ".."))


def _plain(name: str) -> str:
    """A name in one case and Unicode form, with one kind of white space."""
    name = name.casefold()
    return " ".join((name if name.isascii() else unicodedata.normalize("NFC", name)).split())


def _without_suffix(name: str) -> str:
    return next((name.removesuffix(end) for end in IMAGE_SUFFIXES if name.endswith(end)), name)
