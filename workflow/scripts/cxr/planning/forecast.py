"""What a run will do, in words: its jobs by rule, its cells, and the time that such jobs took."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    order: Sequence[str], jobs: Sequence[tuple[str, int, int]], cells: Mapping[str, int]
) -> list[PlannedJobs]:
    """The jobs of a run by rule.

    Parameters
    ----------
    order : sequence of str
        All rules in the order of the stages.
    jobs : sequence of (rule, threads, maps)
        Each job, with how many maps it makes or clusters.
    cells : mapping of str to int
        Cells of the grid of one map, by the rule that makes them.
    """
    planned = []
    for rule in order:
        of_rule = [(threads, maps) for name, threads, maps in jobs if name == rule]
        if not of_rule:
            continue
        maps = sum(maps for _, maps in of_rule)
        note = f"{maps * cells[rule]:,} cells" if rule in cells else ""
        if rule == "embed":
            note = f"{maps:,} t-SNE maps"
        planned.append(
            PlannedJobs(rule, len(of_rule), max(threads for threads, _ in of_rule), note)
        )
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
    of_study: dict[str, list[float]] = {}
    others: dict[str, list[float]] = {}
    for path in sorted(results.glob("*/benchmarks/**/*.jsonl")):
        folder = path.relative_to(results).parts[0]
        times = of_study if folder in (study, "sources", "weights") else others
        for row in read_benchmark(path):
            times.setdefault(row["rule_name"], []).append(row["s"])
    foreign = set(others) - set(of_study)
    return {rule: sum(s) / len(s) for rule, s in {**others, **of_study}.items()}, foreign


def forecast(
    study: str,
    planned: Sequence[PlannedJobs],
    seconds: Mapping[str, float],
    foreign: set[str],
    cores: int,
) -> str:
    """A plan as text.

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
    timed = [step for step in planned if step.rule in seconds]
    work = sum(s.jobs * seconds[s.rule] * min(s.threads, cores) for s in timed)
    longest = max((seconds[step.rule] for step in timed), default=0.0)
    total = _count(sum(step.jobs for step in planned), "job")
    if timed:
        total += f", about {duration(max(work / cores, longest))} on {_count(cores, 'core')}"
    untimed = [step.rule for step in planned if step.rule not in seconds]
    if untimed:
        total += f"{' and' if timed else ','} the time of what was not run before: "
        total += ", ".join(untimed)
    return "\n".join([*lines, total])


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time in short: 0.4 s, 12 s, 3 min, 2 h 5 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = math.ceil(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
