"""How far a job is, as it says itself in its log."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

TAIL = 65536  # bytes of a log's end
# What `cxr.core.progress` writes, and an epoch of a training.
_STEPS = re.compile(r"(\d+) of (\d+) (.+?), [\d.]+ a second, (\d+) s left")
_UNKNOWN_TOTAL = re.compile(r"(\d+) ([^,]+?), [\d.]+ a second$")
_EPOCH = re.compile(r"epoch \d+, (\d+) of (\d+) of the phase")
_PHASE = re.compile(r"phase (\d+) of (\d+) on ")


@dataclass(frozen=True)
class JobProgress:
    """How far a job is.

    Attributes
    ----------
    words : str
        Such as "epoch 12 of 40".
    share : float or None
        Of its work that is done, 0 to 1.
    left : float or None
        Seconds that it takes on, where its log says so.
    """

    words: str
    share: float | None = None
    left: float | None = None


def read_progress(log: Path, since: float = 0.0) -> JobProgress | None:
    """The last progress that a log tells, None where it tells none.

    Parameters
    ----------
    log : Path
    since : float
        Time of the epoch; a log that was last written before is of an earlier run.
    """
    try:
        if log.stat().st_mtime < since:
            return None
        with log.open("rb") as stream:
            stream.seek(max(os.fstat(stream.fileno()).st_size - TAIL, 0))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    for number in range(len(lines) - 1, -1, -1):
        found = _of_line(lines[number], lines[:number])
        if found is not None:
            return found
    return None


def _of_line(line: str, before: list[str]) -> JobProgress | None:
    if match := _EPOCH.search(line):
        done, total = int(match[1]), int(match[2])
        words = f"epoch {done} of {total}"
        phase = next(filter(None, map(_PHASE.search, reversed(before))), None)
        if phase is None:
            return JobProgress(words)
        if int(phase[2]) > 1:
            words += f", phase {phase[1]} of {phase[2]}"
        return JobProgress(words, (int(phase[1]) - 1 + done / total) / int(phase[2]))
    if match := _STEPS.search(line):
        done, total = int(match[1]), int(match[2])
        return JobProgress(f"{done} of {total} {match[3]}", done / max(total, 1), float(match[4]))
    if match := _UNKNOWN_TOTAL.search(line):
        return JobProgress(f"{match[1]} {match[2]}")
    return None
