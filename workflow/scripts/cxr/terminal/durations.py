"""How long jobs take, from earlier runs here or from a reference run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr.core.paths import SCRIPTS
from cxr.planning.benchmarks import read_benchmark
from cxr.planning.disk import cohort_images
from cxr.terminal.growth import START, growth
from cxr.terminal.work import PlannedJob, amount_of, kind_of

REFERENCE = SCRIPTS.parent / "timings.json"
# Folders of results that all studies share.
SHARED = ("sources", "weights", "runtime")


@dataclass(frozen=True)
class Measured:
    """What one unit of work took.

    Attributes
    ----------
    seconds : float
        Beside what a job takes to begin.
    images : int or None
        Of the study in which it was measured, None where that is not known.
    """

    seconds: float
    images: int | None = None


@dataclass(frozen=True)
class Durations:
    """What one unit of work takes, and how many images the study that is planned has.

    Attributes
    ----------
    study, others, reference : mapping of str to Measured
        By `PlannedJob.work`: in earlier runs of this study, of other studies here, and in the
        reference run.
    images : int or None
        Of the planned study, None where that is not known: then it grows with nothing.
    sample : int
        The most images of a search for null simulations.
    """

    study: Mapping[str, Measured]
    others: Mapping[str, Measured]
    reference: Mapping[str, Measured]
    images: int | None = None
    sample: int = 500

    def seconds(self, job: PlannedJob) -> float | None:
        """What a job should take, None where nothing tells."""
        for times in (self.study, self.others, self.reference):
            if measured := times.get(job.work):
                return START + measured.seconds * job.amount * self._growth(job.rule, measured)
        return None

    def is_of_reference(self, job: PlannedJob) -> bool:
        """Whether a job's time is known from the reference run alone."""
        return job.work in self.reference and job.work not in {*self.study, *self.others}

    def _growth(self, rule: str, measured: Measured) -> float:
        if not self.images or not measured.images:
            return 1.0
        return growth(rule, measured.images, self.images, self.sample)


def read_durations(
    results: Path,
    study: str,
    images: int | None = None,
    sample: int = 500,
    reference: Path = REFERENCE,
) -> Durations:
    """The times of earlier runs.

    Parameters
    ----------
    results : Path
        The folder of results, with benchmarks below each study.
    study : str
    images : int or None
        Images that the study will have, as far as that is known.
    sample : int
        The most images of a search for null simulations.
    reference : Path
        The times that ship with the workflow; none where it can't be read.
    """
    of_study: dict[str, list[Measured]] = {}
    others: dict[str, list[Measured]] = {}
    counts: dict[str, int | None] = {}
    for folder, row in benchmark_rows(results):
        times = of_study if folder in (study, *SHARED) else others
        if folder not in counts:
            counts[folder] = cohort_images(results / folder)
        work = measured_work(row)
        times.setdefault(work.work, []).append(
            Measured(beside_start(row["s"], work), counts[folder])
        )
    return Durations(_means(of_study), _means(others), _reference(reference), images, sample)


def beside_start(seconds: float, work: PlannedJob) -> float:
    """Seconds of one unit of a measured job, beside what it took to begin."""
    return max(seconds - START, 0.0) / work.amount


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


def _means(times: Mapping[str, list[Measured]]) -> dict[str, Measured]:
    """The mean of each work, over the largest study in which it was measured."""
    means = {}
    for work, values in times.items():
        images = max((value.images or 0 for value in values), default=0)
        same = [value.seconds for value in values if (value.images or 0) == images]
        means[work] = Measured(sum(same) / len(same), images or None)
    return means


def _reference(path: Path) -> dict[str, Measured]:
    try:
        times = json.loads(path.read_text(encoding="utf-8"))["work"]
        return {work: Measured(float(seconds), images) for work, (seconds, images) in times.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
