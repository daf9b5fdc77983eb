"""Writes the reference timings that ship with the workflow, from the results of real runs.

python -m cxr.terminal.reference results/demo results/sources
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cxr.core.io import write_json
from cxr.planning.disk import cohort_images
from cxr.terminal.durations import (
    REFERENCE,
    SHARED,
    benchmark_rows,
    beside_start,
    measured_work,
)

# Seconds. Snakemake measures a job twice a second in its first 15 s, then every 30 s.
FIRST, LATER = 15.0, 30.0
# Seconds; what a job uses of a processor before it is first measured is not counted.
SHORTEST = 0.5


def reference_timings(folders: Sequence[Path]) -> dict[str, Any]:
    """Mean seconds of a unit of each kind of work.

    Parameters
    ----------
    folders : sequence of Path
        Folders of results, each of one study; a time is that of the first that has it.

    Returns
    -------
    dict
        `studies` that were measured, `cores` of the machine, and `work`: by `PlannedJob.work` the
        mean seconds of a unit, beside what a job takes to begin, and the images of the study.
    """
    work: dict[str, list[Any]] = {}
    for folder in folders:
        times: dict[str, list[float]] = {}
        for study, row in benchmark_rows(folder.parent):
            if study == folder.name:
                job = measured_work(row)
                times.setdefault(job.work, []).append(beside_start(unhindered(row), job))
        images = cohort_images(folder)
        for name, values in times.items():
            work.setdefault(name, [float(f"{sum(values) / len(values):.3g}"), images])
    return {
        "studies": sorted({folder.name for folder in folders} - set(SHARED)),
        "cores": os.cpu_count(),
        "work": dict(sorted(work.items())),
    }


def unhindered(row: Mapping[str, Any]) -> float:
    """Seconds of a measured job, less the share in which others used its core."""
    seconds = float(row["s"])
    measured = seconds
    if seconds > FIRST:
        measured = FIRST + LATER * ((seconds - FIRST) // LATER)
    share = min(row.get("cpu_time", measured) / measured, 1.0) if measured else 1.0
    return min(seconds, max(seconds * share, SHORTEST))


if __name__ == "__main__":
    write_json(reference_timings([Path(folder) for folder in sys.argv[1:]]), REFERENCE)
