"""Unpacking archives from untrusted sources."""

import errno
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Self

from cxr.core.advice import machine_error
from cxr.core.errors import InputError

# Images hardly compress: an archive that grows more than this holds something else.
MAX_GROWTH = 20
ALWAYS_ALLOWED = 10**9
# The list of a zip's entries is held in memory, about 500 bytes for each.
MAX_ENTRIES = 1_000_000
BLOCK = 1 << 20
BAD_NAME = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG)
JUNK = {"__MACOSX", ".DS_Store", "Thumbs.db"}

# tarfile reads these whole: long names and other text about an entry, of any size by themselves.
TEXT_TYPES = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
MAX_TEXT = 2**20

# Name, bytes by its header, and what they are read from: nothing for a folder.
Entry = tuple[str, int, IO[bytes] | None]


def unpack(
    archive: Path, folder: Path, max_bytes: int | None = None, max_entries: int = MAX_ENTRIES
) -> None:
    """Unpacks the regular files of a zip or tar archive into an empty folder.

    Parameters
    ----------
    archive : Path
    folder : Path
    max_bytes : int, optional
        Bytes that all files together may have, by their headers and again while they
        are written; 20 times those of the archive unless given, and at least a gigabyte.
    max_entries : int

    Raises
    ------
    InputError
        If the file is no whole archive, or an entry has an absolute path,
        climbs out with `..`, is a link or a device, has a name that no file can
        have beside those before it, or passes a limit; the entry is named.
    OSError
        If a file can't be written.
    """
    if max_bytes is None:
        max_bytes = largest_expansion(archive.stat().st_size)
    _extract(archive, _entries(archive), folder, max_bytes, max_entries)


def largest_expansion(size: int) -> int:
    """The bytes that `size` compressed bytes may expand to."""
    return max(ALWAYS_ALLOWED, MAX_GROWTH * size)


@contextmanager
def _whole(archive: Path) -> Iterator[None]:
    """Turns what damage makes of a reader into an error that names the archive."""
    try:
        yield
    except InputError:
        raise
    except _TooLarge as error:
        raise InputError(f"{archive}: {error}; the archive is refused") from error
    except Exception as error:
        if machine_error(error) is not None:
            raise
        # tarfile lists what every kind of compression made of a file that is none.
        reason = "" if isinstance(error, tarfile.ReadError) else f" ({error})"
        raise InputError(
            f"{archive}: not a whole zip or tar archive{reason}; delete it and obtain it again"
        ) from error


def _entries(archive: Path) -> Iterator[Entry]:
    """Name and bytes of each entry, no bytes for a folder."""
    with _whole(archive):
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                yield from _zip_entries(archive, opened)
        else:
            with tarfile.open(archive, tarinfo=_Header) as opened:
                yield from _tar_entries(archive, opened)


class _TooLarge(ValueError):
    """What an archive holds beside its files is too large, or may be."""


class _Header(tarfile.TarInfo):
    """A header that must be whole: tarfile takes a damaged one for the archive's end."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if buf == bytes(tarfile.BLOCKSIZE):
                raise  # the end
            raise tarfile.ReadError(str(error)) from error
        if header.type in TEXT_TYPES and header.size > MAX_TEXT:
            raise _TooLarge(f"an entry has more than {MAX_TEXT} bytes of name and notes")
        # The list of the pieces of a sparse file may have any length.
        if header.type == tarfile.GNUTYPE_SPARSE:
            raise _TooLarge("an entry is a sparse file")
        return header

    def _proc_gnusparse_10(self, *_: object) -> None:
        raise _TooLarge("an entry is a sparse file")


def _zip_entries(archive: Path, opened: zipfile.ZipFile) -> Iterator[Entry]:
    for info in opened.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise refused(archive, info.filename, "is a link or a device")
        yield info.filename, info.file_size, None if info.is_dir() else opened.open(info)


def _tar_entries(archive: Path, opened: tarfile.TarFile) -> Iterator[Entry]:
    for info in opened:
        if not (info.isfile() or info.isdir()):
            raise refused(archive, info.name, "is a link or a device")
        yield info.name, info.size, opened.extractfile(info) if info.isfile() else None
    # The checksum of what was compressed stands at its end.
    while opened.fileobj and opened.fileobj.read(BLOCK):
        pass


def _extract(
    archive: Path, entries: Iterator[Entry], folder: Path, max_bytes: int, max_entries: int
) -> None:
    left = max_bytes
    for count, (name, size, stream) in enumerate(entries, start=1):
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
            raise refused(archive, name, "would leave the folder")
        if not name.isprintable():
            raise refused(archive, name, "has control characters in its name")
        if count > max_entries:
            raise refused(archive, name, f"is one of more than {max_entries} entries")
        too_large = f"passes the limit of {max_bytes} bytes"
        if size > left:
            raise refused(archive, name, too_large)
        if stream is None or JUNK & set(path.parts):
            left -= size  # they are expanded all the same, to reach the next entry
            continue
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            out = target.open("xb")
        except OSError as error:
            if error.errno in BAD_NAME:
                raise refused(archive, name, f"can't be made: {error.strerror}") from error
            raise
        with stream, out:
            for block in _blocks(archive, stream):
                left -= len(block)
                if left < 0:
                    raise refused(archive, name, too_large)
                out.write(block)


def _blocks(archive: Path, stream: IO[bytes]) -> Iterator[bytes]:
    with _whole(archive):
        while block := stream.read(BLOCK):
            yield block


def refused(archive: Path, name: str, why: str) -> InputError:
    """The error for an entry that is not unpacked."""
    return InputError(f"{archive}: entry {name[:120]!r} {why}; the archive is refused")


def remove(path: Path) -> None:
    """Removes a folder or file, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
