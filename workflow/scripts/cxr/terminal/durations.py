"""How long jobs take, from earlier runs here or from a reference run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr.core.paths import SCRIPTS
from cxr.planning.benchmarks import read_benchmark
from cxr.terminal.work import PlannedJob, amount_of, kind_of

REFERENCE = SCRIPTS.parent / "timings.json"
# Folders of results that all studies share.
SHARED = ("sources", "weights", "runtime")


@dataclass(frozen=True)
class Durations:
    """Seconds that one unit of work takes.

    Attributes
    ----------
    study, others, reference : mapping of str to float
        By `PlannedJob.work`: in earlier runs of this study, of other studies here, and in the
        reference run.
    """

    study: Mapping[str, float]
    others: Mapping[str, float]
    reference: Mapping[str, float]

    def seconds(self, job: PlannedJob) -> float | None:
        """What a job should take, None where nothing tells."""
        for times in (self.study, self.others, self.reference):
            if job.work in times:
                return times[job.work] * job.amount
        return None

    def is_of_reference(self, job: PlannedJob) -> bool:
        """Whether a job's time is known from the reference run alone."""
        return job.work in self.reference and job.work not in {*self.study, *self.others}


def read_durations(results: Path, study: str, reference: Path = REFERENCE) -> Durations:
    """The times of earlier runs.

    Parameters
    ----------
    results : Path
        The folder of results, with benchmarks below each study.
    study : str
    reference : Path
        The times that ship with the workflow; none where it can't be read.
    """
    of_study: dict[str, list[float]] = {}
    others: dict[str, list[float]] = {}
    for folder, row in benchmark_rows(results):
        times = of_study if folder in (study, *SHARED) else others
        work = measured_work(row)
        times.setdefault(work.work, []).append(row["s"] / work.amount)
    return Durations(_means(of_study), _means(others), _reference(reference))


def benchmark_rows(results: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every measurement below a folder of results, with the folder of its study."""
    for path in sorted(results.glob("*/benchmarks/**/*.jsonl")):
        for row in read_benchmark(path):
            yield path.relative_to(results).parts[0], row


def measured_work(row: Mapping[str, Any]) -> PlannedJob:
    """What a measured job did."""
    params = row.get("params")
    settings = params.get("cfg") if isinstance(params, Mapping) else None
    try:
        return PlannedJob(row["rule_name"], {}, amount_of(settings), kind_of(settings))
    except (KeyError, TypeError):  # measured by other code, with other settings
        return PlannedJob(row["rule_name"], {})


def _means(times: Mapping[str, list[float]]) -> dict[str, float]:
    return {work: sum(values) / len(values) for work, values in times.items()}


def _reference(path: Path) -> dict[str, float]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError):
        return {}
