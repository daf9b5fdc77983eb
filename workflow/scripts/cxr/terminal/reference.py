"""Writes the reference timings that ship with the workflow, from the results of a real run.

python -m cxr.terminal.reference RESULTS...
"""

import os
import platform
import sys
from pathlib import Path

from cxr.core.io import write_json
from cxr.terminal.durations import REFERENCE, amount, benchmark_rows


def reference_timings(folders: list[Path]) -> dict[str, object]:
    """Mean seconds of a unit of each rule's work.

    Parameters
    ----------
    folders : list of Path
        Folders of results; a rule's time is that of the first one that has it.

    Returns
    -------
    dict
        `studies` that were measured, `cores` and `machine` of the machine, and `seconds` by rule.
    """
    seconds: dict[str, float] = {}
    studies: list[str] = []
    for folder in folders:
        times: dict[str, list[float]] = {}
        for study, row in benchmark_rows(folder):
            studies.append(study)
            times.setdefault(row["rule_name"], []).append(row["s"] / amount(row))
        for rule, values in times.items():
            seconds.setdefault(rule, float(f"{sum(values) / len(values):.3g}"))
    return {
        "studies": sorted(set(studies) - {"sources", "weights"}),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "seconds": dict(sorted(seconds.items())),
    }


if __name__ == "__main__":
    write_json(reference_timings([Path(folder) for folder in sys.argv[1:]]), REFERENCE)
