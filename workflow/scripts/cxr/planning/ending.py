"""The last lines of a run: what failed, where, and the next command; what predictions came to."""

import json
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

MOST = 5
UNKNOWN = "it was killed, or ended without a word"


def failure_lines(failed: Iterable[tuple[str, Path]], command: Sequence[str]) -> str:
    """What is said at the end of a run that failed.

    Parameters
    ----------
    failed : iterable of (str, Path)
        The rule of each failed job, and its log.
    command : sequence of str
        The words that the run was started with.
    """
    jobs = sorted(failed)
    lines = []
    for rule, log in jobs[:MOST]:
        lines += [f"{rule} failed: {_reason(log)}", f"    its log: {log}"]
    if len(jobs) > MOST:
        lines.append(f"{len(jobs) - MOST} more jobs failed")
    again = shlex.join([Path(command[0]).name, *command[1:]])
    return "\n".join([*lines, f"What was finished stays. Then run again: {again}"])


def _reason(log: Path) -> str:
    """The line that a job ended its log with."""
    try:
        with log.open(encoding="utf-8", errors="replace") as stream:
            last = next(iter([line for line in stream if line.strip()][-1:]), "")
    except OSError:
        return UNKNOWN
    return last.strip().removeprefix("error: ") if last.startswith("error: ") else UNKNOWN


def prediction_lines(summary: Path) -> list[str]:
    """What is said of predicted images at the end of a run.

    Parameters
    ----------
    summary : Path
        `summary.json` beside their tables.
    """
    said = json.loads(summary.read_text(encoding="utf-8"))
    counts = f"images {said['images']}, files that could not be used {said['rejected']}"
    return [f"Predicted: {counts}; see {summary.parent / 'predictions.csv'}", *said["lines"]]
