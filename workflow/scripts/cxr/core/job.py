"""The frame of every job: a log, a limit of threads, one last line when it fails."""

import errno
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxr.core.errors import DamagedFile, InputError, Superseded
from cxr.core.fingerprint import fingerprint
from cxr.core.io import set_aside
from cxr.core.progress import Progress
from cxr.core.receipts import Task, receipt_of, results_folder

ADVICE = {
    errno.ENOSPC: "free some space on its disk",
    errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the limit on file sizes",
    errno.EROFS: "make the results writable",
    errno.EACCES: "make the results writable",
    errno.ENOENT: "it was removed since the run began: put it back, or leave it to the workflow,",
}


@contextmanager
def job(task: Task) -> Iterator[None]:
    """Runs a job's block with its output in the job's log and its libraries limited to its threads.

    Everything that is printed, logged or warned goes to the log, native libraries included.
    What it reads is checked, and a receipt left of what it wrote. A failure ends the process
    with status 1, its traceback in the log, and as last line what the user can do.

    Parameters
    ----------
    task : Task
        What the workflow engine hands to the job's script. Where its param `code`, the
        fingerprint of the script when the run began, differs by now, the block is not run:
        its outputs would be recorded as made by the old code.
    """
    target = Path(task.log[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", buffering=1, encoding="utf-8") as stream:
        sys.stdout.flush()
        sys.stderr.flush()
        if os.isatty(2):
            Progress.terminal = os.fdopen(os.dup(2), "w", encoding="utf-8")
        terminal = os.dup(2)
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        logging.basicConfig(
            stream=stream, level=logging.INFO, format="%(asctime)s %(message)s", force=True
        )
        logging.captureWarnings(True)
        try:
            _require_same_code(task.params.get("code"))
            with limited(task.threads), receipt_of(task):
                yield
        except Exception as error:  # noqa: BLE001 - whatever fails ends in one line
            last_line = f"error: {_final_line(error, results_folder(target))}\n"
            try:
                traceback.print_exc(file=stream)
                stream.write(last_line)
            except OSError:  # the disk that is full may be the log's
                os.write(terminal, last_line.encode())
            # Where a job fails on a cluster its outputs are removed, which are its successor's now.
            sys.exit(0 if isinstance(error, Superseded) and error.done else 1)


def _require_same_code(code: str | None) -> None:
    """Stops a job whose code was edited since its run began."""
    if code is None:
        return
    script = Path(str(sys.modules["__main__"].__file__))
    if fingerprint(script) != code:
        raise InputError(
            f"{script.name} or a module that it imports was edited after this run began; run "
            f"again, and what depends on the edit is made by the new code"
        )


def _final_line(error: Exception, results: Path | None) -> str:
    """What went wrong and what to do about it, in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, DamagedFile):
        if results is None or not error.path.is_relative_to(results):
            return f"{text}; replace it by a whole one and run again"
        return f"{text}; it is set aside as {set_aside(error.path)}, run again to recompute it"
    if isinstance(error, InputError):
        return text
    if isinstance(error, OSError) and error.errno in ADVICE:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{os.strerror(error.errno)}; {ADVICE[error.errno]} and run again"
    return f"unexpected {type(error).__name__}: {text}; see above"


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Limits every numeric library to `threads`, those loaded later too."""
    from threadpoolctl import threadpool_limits

    for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    with threadpool_limits(threads):
        yield
