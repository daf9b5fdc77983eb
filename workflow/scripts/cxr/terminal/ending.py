"""The last lines of a run whose jobs failed: what, where, and the next command."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cxr.terminal.work import job_words

MOST = 5
UNKNOWN = "it was killed, or ended without a word"


def failure_lines(
    failed: Iterable[tuple[str, Mapping[str, str], Path]], command: Sequence[str]
) -> str:
    """What is said at the end of a run that failed.

    Parameters
    ----------
    failed : iterable of (str, mapping, Path)
        The rule of each failed job, its wildcards, and its log.
    command : sequence of str
        The words that the run was started with.
    """
    jobs = sorted((job_words(rule, wildcards), log) for rule, wildcards, log in failed)
    lines = []
    for words, log in jobs[:MOST]:
        lines += [f"{words} failed: {reason(log)}", f"    its log: {log}"]
    if len(jobs) > MOST:
        lines.append(f"{len(jobs) - MOST} more jobs failed")
    again = shlex.join([Path(command[0]).name, *command[1:]])
    return "\n".join([*lines, f"What was finished stays. Then run again: {again}"])


def reason(log: Path) -> str:
    """The line that a job ended its log with."""
    try:
        with log.open(encoding="utf-8", errors="replace") as stream:
            last = next(iter([line for line in stream if line.strip()][-1:]), "")
    except OSError:
        return UNKNOWN
    return last.strip().removeprefix("error: ") if last.startswith("error: ") else UNKNOWN
