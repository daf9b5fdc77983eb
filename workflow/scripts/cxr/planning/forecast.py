"""What a run will do, in words: its jobs by rule, its cells, and the time that such jobs took."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxr.planning.benchmarks import read_benchmark


@dataclass(frozen=True)
class PlannedJobs:
    """The jobs of one rule that a run will start.

    Attributes
    ----------
    rule : str
    jobs : int
    threads : int
        Of each job.
    note : str
        What they do in numbers, such as "49,590 cells".
    """

    rule: str
    jobs: int
    threads: int
    note: str = ""


def planned_jobs(
    order: Sequence[str], jobs: Sequence[tuple[str, int, int]], clustering: Mapping[str, Any]
) -> list[PlannedJobs]:
    """The jobs of a run by rule.

    Parameters
    ----------
    order : sequence of str
        All rules in the order of the stages.
    jobs : sequence of (rule, threads, maps)
        Each job, with how many maps it makes or clusters.
    clustering : mapping
        The config's `clustering`, resolved.
    """
    hdbscan = clustering["hdbscan"] or {"min_cluster_size": [], "min_samples": []}
    cells = {
        "sweep": len(clustering["eps"]) * len(clustering["min_samples"]),
        "sweep_hdbscan": len(hdbscan["min_cluster_size"]) * len(hdbscan["min_samples"]),
    }
    planned = []
    for rule in order:
        own = [(threads, maps) for name, threads, maps in jobs if name == rule]
        if not own:
            continue
        maps = sum(maps for _, maps in own)
        note = f"{maps * cells[rule]:,} cells" if rule in cells else ""
        if rule == "embed":
            note = f"{maps:,} t-SNE maps"
        planned.append(PlannedJobs(rule, len(own), max(threads for threads, _ in own), note))
    return planned


def past_durations(results: Path, study: str) -> tuple[dict[str, float], set[str]]:
    """How long the jobs of each rule took in earlier runs.

    Parameters
    ----------
    results : Path
        The folder of results, with benchmarks below each study.
    study : str

    Returns
    -------
    seconds : dict of str to float
        Mean seconds of a job by rule, of this study where it was run before.
    foreign : set of str
        Rules whose time is that of other studies.
    """
    own: dict[str, list[float]] = {}
    others: dict[str, list[float]] = {}
    for path in sorted(results.glob("*/benchmarks/**/*.jsonl")):
        folder = path.relative_to(results).parts[0]
        times = own if folder in (study, "sources", "weights") else others
        for row in read_benchmark(path):
            times.setdefault(row["rule_name"], []).append(row["s"])
    foreign = set(others) - set(own)
    return {rule: sum(s) / len(s) for rule, s in {**others, **own}.items()}, foreign


def forecast(
    study: str,
    planned: Sequence[PlannedJobs],
    seconds: Mapping[str, float],
    foreign: set[str],
    cores: int,
) -> str:
    """A plan that a person can read.

    Parameters
    ----------
    study : str
    planned : sequence of PlannedJobs
        In the order of the stages.
    seconds, foreign
        As from `past_durations`.
    cores : int
    """
    if not planned:
        return f"Plan of {study}: everything is up to date."
    width = max(len(step.rule) for step in planned)
    lines = [f"Plan of {study}:"]
    for step in planned:
        each = f"{duration(seconds[step.rule])} each" if step.rule in seconds else "not run before"
        mark = " in other studies" if step.rule in foreign else ""
        note = f"; {step.note}" if step.note else ""
        lines.append(f"  {step.rule:<{width}}  {_count(step.jobs, 'job'):>11}, {each}{mark}{note}")
    known = [step for step in planned if step.rule in seconds]
    work = sum(s.jobs * seconds[s.rule] * min(s.threads, cores) for s in known)
    least = max((seconds[step.rule] for step in known), default=0.0)
    words = _count(sum(step.jobs for step in planned), "job")
    if known:
        words += f", about {duration(max(work / cores, least))} on {_count(cores, 'core')}"
    unknown = [step.rule for step in planned if step.rule not in seconds]
    if unknown:
        words += f"{' and' if known else ','} the time of what was not run before: "
        words += ", ".join(unknown)
    return "\n".join([*lines, words])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time as people say it: 0.4 s, 12 s, 3 min, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
