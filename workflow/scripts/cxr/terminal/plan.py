"""What a run will do, in words: its jobs by stage, and the time and memory that they ask for."""

from collections.abc import Mapping

from cxr.terminal.durations import Durations
from cxr.terminal.stages import OTHER, STAGES
from cxr.terminal.time_left import seconds_left
from cxr.terminal.words import count, duration
from cxr.terminal.work import PlannedJob


def plan_text(
    study: str,
    jobs: Mapping[int, PlannedJob],
    durations: Durations,
    cells: Mapping[str, int],
    lanes: int,
    on_cluster: bool = False,
    disk: str = "",
) -> str:
    """The plan of a run.

    Parameters
    ----------
    study : str
    jobs : mapping of int to PlannedJob
        The jobs that will run, by id.
    durations : Durations
    cells : mapping of str to int
        Cells of the grid of one map, by the rule that makes them.
    lanes : int
        Cores, or jobs at a time on a cluster.
    on_cluster : bool
    disk : str
        What the results need of the disk, in words.
    """
    if not jobs:
        return f"Plan of {study}: everything is up to date."
    seconds = {job: durations.seconds(planned) for job, planned in jobs.items()}
    rows = []
    for stage in [*STAGES, OTHER]:
        ours = {job: planned for job, planned in jobs.items() if planned.stage == stage}
        if ours:
            rows.append((stage, *_row(ours, seconds, cells, lanes)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [f"Plan of {study}:"]
    for stage, jobs_of_it, time, memory, notes in rows:
        line = f"  {stage:<{widths[0]}}  {jobs_of_it:>{widths[1]}}  {time:>{widths[2]}}"
        lines.append(f"{line}  {memory:>{widths[3]}}  {notes}".rstrip())
    if any(map(durations.is_of_reference, jobs.values())):
        lines.append("Times of what was not run here are those of reference runs, scaled.")
    if disk:
        lines.append(disk)
    known = {job: time for job, time in seconds.items() if time is not None}
    total = count(len(jobs), "job")
    if known:
        where = (
            f"with {count(lanes, 'job')} at a time" if on_cluster else f"on {count(lanes, 'core')}"
        )
        total += f", about {duration(seconds_left(jobs, known, lanes))} {where}"
    untimed = sorted({planned.rule for job, planned in jobs.items() if job not in known})
    if untimed:
        total += f", and the time of what was not run before: {', '.join(untimed)}"
    return "\n".join([*lines, total])


def _row(
    jobs: Mapping[int, PlannedJob],
    seconds: Mapping[int, float | None],
    cells: Mapping[str, int],
    lanes: int,
) -> tuple[str, str, str, str]:
    """The number of a stage's jobs, their time, the memory of the largest, what they make."""
    known = {job: s for job in jobs if (s := seconds[job]) is not None}
    about = "about" if len(known) == len(jobs) else "more than"
    time = f"{about} {duration(seconds_left(jobs, known, lanes))}" if known else ""
    memory = max((job.memory_mb or 0 for job in jobs.values()), default=0)
    maps = sum(job.maps for job in jobs.values() if job.rule == "embed")
    n_cells = sum(job.maps * cells.get(job.rule, 0) for job in jobs.values())
    notes = [f"{maps:,} t-SNE maps"] * bool(maps) + [f"{n_cells:,} cells"] * bool(n_cells)
    return (
        count(len(jobs), "job"),
        time,
        f"up to {memory / 1000:.1f} GB" if memory else "",
        ", ".join(notes),
    )
