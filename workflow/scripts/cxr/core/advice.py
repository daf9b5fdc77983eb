"""What a user can do where the machine, not the data, stops a job.

Libraries wrap what the system told them, or keep only its words: the number of
the error is looked for in the whole chain of exceptions, then in their texts.
"""

import errno
import os
import pwd
import re
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from cxr.core.errors import InputError

FULL = 2**16  # bytes; with less the disk is full

# Of the machine alone: a file that meets one of them is not damaged.
MACHINE = {
    errno.ENOSPC: "free some space on its disk",
    errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the limit on file sizes",
    errno.EROFS: "make the results writable",
    errno.EACCES: "make it writable",
    errno.EPERM: "make it writable",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close programs that hold files open",
    errno.ENOMEM: "free some memory, or raise its limit (ulimit -v, mem_mb on a cluster),",
    errno.EAGAIN: "raise the limit on processes and threads (ulimit -u)",
    errno.EIO: "check its disk",
    errno.ESTALE: "wait until its network drive is back",
    errno.ENOTCONN: "wait until its network drive is back",
    errno.ENOLCK: "let its network drive lock files",
    errno.EBUSY: "close what uses it",
}
PLACE = {
    errno.ENOENT: "it was removed since the run began: put it back, or leave it to the workflow,",
    errno.EEXIST: "move it away",
    errno.ENOTDIR: "move the file away that stands for a folder",
    errno.EISDIR: "move the folder away that stands for a file",
    errno.ENOTEMPTY: "move away what is in it",
    errno.ELOOP: "replace the link that leads to itself",
    errno.ENAMETOOLONG: "run in a folder with a shorter path",
}
ADVICE = MACHINE | PLACE

# Words of libraries that give no number.
WORDS = {
    "can't start new thread": errno.EAGAIN,
    "can't allocate memory": errno.ENOMEM,
    "bad_alloc": errno.ENOMEM,
    "failed to map segment": errno.ENOMEM,
    "database or disk is full": errno.ENOSPC,
} | {os.strerror(code).casefold(): code for code in MACHINE if code != errno.EAGAIN}
NUMBER = re.compile(r"\b(?:errno:?|os error) (\d+)\b", re.IGNORECASE)
# Words that stand for a whole line.
LINES = {
    "cuda out of memory": "the GPU is out of memory; use a smaller batch_size and run again",
    "no usable temporary directory": (
        "TMPDIR: no folder for temporary files can be written; set it to one that can and run again"
    ),
}


def advice(error: BaseException) -> str | None:
    """The line for an error of the machine: its place, what happened, what to do; else None."""
    for link in _chain(error):
        words = str(link).casefold()
        for phrase, line in LINES.items():
            if phrase in words:
                return line
    found = machine_error(error)
    if found is None and isinstance(error, OSError) and error.errno in PLACE:
        found = error
    if found is None or found.errno is None:
        return None
    what, place = os.strerror(found.errno), _place(found)
    todo = ADVICE[found.errno]
    if place is not None and found.errno in (errno.EACCES, errno.EPERM):
        place, todo = _refusal(place)
    return f"{_shown(place)}{what}; {todo} and run again"


def end_in_one_line(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Prints the line of an error of the machine, or the traceback of another one.

    For `sys.excepthook`: libraries that are loaded before a job's log is open may fail.
    """
    line = advice(error)
    if line is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(f"error: {line}", file=sys.stderr)


def machine_error(error: BaseException) -> OSError | None:
    """What the machine refused, where that is behind an error; its number is in `MACHINE`."""
    for link in _chain(error):
        if isinstance(link, OSError) and link.errno in MACHINE:
            return link
        code = _code_in_words(link)
        if code is not None:
            return OSError(code, os.strerror(code), getattr(link, "filename", None))
    return None


def machine_error_in(text: str) -> int | None:
    """The number of the machine's error that a program's output tells of, if any."""
    numbers = [int(number) for number in NUMBER.findall(text)]
    words = text.casefold()
    return next(
        (code for code in numbers if code in MACHINE),
        next((code for phrase, code in WORDS.items() if phrase in words), None),
    )


def writing_error(error: BaseException, temporary: Path, target: Path) -> OSError | None:
    """What kept `target` from being written, whatever the writing library made of it.

    Parameters
    ----------
    error : exception
        As the library raised it.
    temporary : Path
        What was written so far, in the folder of `target`.
    target : Path

    Returns
    -------
    OSError or None
        With the path of `target`; None where its place could be written.
    """
    if isinstance(error, InputError):
        return None
    found = machine_error(error)
    code = found.errno if found is not None else _trial(temporary)
    if code is None:
        return None
    outside = found is not None and found.filename and not _same(found.filename, temporary)
    return None if outside else OSError(code, os.strerror(code), str(target))


def _trial(temporary: Path) -> int | None:
    """The number of the error that writing in a place meets now, if any."""
    try:
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        if limit != resource.RLIM_INFINITY and temporary.stat().st_size + FULL > limit:
            return errno.EFBIG
        free = os.statvfs(temporary.parent)
        if free.f_bavail * free.f_frsize < FULL:
            return errno.ENOSPC
        with tempfile.TemporaryFile(dir=temporary.parent) as stream:
            stream.write(bytes(FULL))
    except OSError as problem:
        return problem.errno if problem.errno in MACHINE else None
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that it was raised from or while handling."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _code_in_words(error: BaseException) -> int | None:
    """The number that the text of a library's error stands for, if any."""
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if isinstance(error, InputError) or (isinstance(error, OSError) and error.errno is not None):
        return None
    return machine_error_in(str(error))


def _place(error: OSError) -> Path | None:
    """The path of an error; of a temporary file the one that it would have become."""
    if not isinstance(error.filename, str | bytes | os.PathLike) or not error.filename:
        return None
    path = Path(os.fsdecode(error.filename))
    temporary = re.fullmatch(r"\.(.+)\.\w{8}", path.name)
    return path.with_name(temporary[1]) if temporary else path


def _refusal(path: Path) -> tuple[Path, str]:
    """The file or folder that may not be used, and who can change that."""
    place = next((part for part in (path, *path.parents) if os.path.lexists(part)), path)
    right = "writable" if os.access(place, os.R_OK) else "readable"
    return place, f"make it {right}{owner_of(place)}"


def owner_of(place: Path) -> str:
    """Words that name the owner of a file or folder, where that is another user."""
    number = place.lstat().st_uid
    if number == os.geteuid():
        return ""
    try:
        return f" (it belongs to {pwd.getpwuid(number).pw_name})"
    except KeyError:
        return f" (it belongs to user {number})"


def _same(name: str | bytes, path: Path) -> bool:
    return Path(os.fsdecode(name)).absolute() == path.absolute()


def _shown(place: Path | None) -> str:
    """A path as users know it: from the folder where they run."""
    if place is None:
        return ""
    here = Path.cwd()
    if place.is_absolute() and place != here and place.is_relative_to(here):
        place = place.relative_to(here)
    return f"{here if place == Path() else place}: "
