"""The frame of every job: a log, a limit of threads, one last line when it fails."""

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from cxr.core.advice import advice, end_in_one_line
from cxr.core.allocation import keep_freed_memory
from cxr.core.errors import DamagedFile, InputError, Superseded
from cxr.core.fingerprint import fingerprint
from cxr.core.io import set_aside
from cxr.core.progress import DISPLAYED
from cxr.core.receipts import Task, receipt_of, results_folder

# What a script imports after this module is loaded before its job begins.
sys.excepthook = end_in_one_line


@contextmanager
def job(task: Task) -> Iterator[None]:
    """Runs a job's block with its output in the job's log and its libraries limited to its threads.

    Everything that is printed, logged or warned goes to the log, native libraries included.
    What it reads is checked, and a receipt left of what it wrote. A failure ends the process
    with status 1, its traceback in the log, and as last line what the user can do; the
    terminal has this line alone.

    Parameters
    ----------
    task : Task
        What the workflow engine hands to the job's script. Where its param `code`, the
        fingerprint of the script when the run began, differs by now, the block is not run:
        its outputs would be recorded as made by the old code.
    """
    target = Path(task.log[0])
    with _opened(target) as stream:
        sys.stdout.flush()
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
        logging.basicConfig(
            stream=stream, level=logging.INFO, format="%(asctime)s %(message)s", force=True
        )
        logging.captureWarnings(True)
        try:
            keep_freed_memory()
            _require_same_code(task.params.get("code"))
            with limited(task.threads), receipt_of(task):
                yield
        except Exception as error:  # noqa: BLE001 - whatever fails ends in one line
            last_line = f"error: {_final_line(error, results_folder(target))}\n"
            with suppress(OSError):  # the disk that is full may be the log's
                traceback.print_exc(file=stream)
                stream.write(last_line)
            shown = last_line.replace("; see above\n", f"; see {target}\n")
            if DISPLAYED not in os.environ or not os.isatty(terminal):
                os.write(terminal, shown.encode(errors="backslashreplace"))
            # Where a job fails on a cluster its outputs are removed, which are its successor's now.
            sys.exit(0 if isinstance(error, Superseded) and error.done else 1)


def _opened(log: Path) -> TextIO:
    """A job's log, a line at a time; what can't be written in UTF-8 is escaped."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("w", buffering=1, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        sys.exit(f"error: {advice(error) or error}")


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
    known = advice(error)
    if known is not None:
        return known
    if isinstance(error, DamagedFile):
        if results is None or not error.path.is_relative_to(results):
            return f"{text}; replace it by a whole one and run again"
        return f"{text}; it is set aside as {set_aside(error.path)}, run again to recompute it"
    if isinstance(error, InputError):
        return text
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
