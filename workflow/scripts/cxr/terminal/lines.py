"""A run's state as text: a table for a terminal, lines for a pipe."""

from cxr.terminal.job_progress import JobProgress
from cxr.terminal.run_state import RunView, StageState
from cxr.terminal.stages import STAGES
from cxr.terminal.words import count, duration, passed
from cxr.terminal.work import PlannedJob

_WIDTH = max(map(len, STAGES))


def table_lines(view: RunView) -> list[str]:
    """The seven stages and, below its stage, each running job that tells its progress."""
    lines = [headline(view)]
    counts = {stage.name: _count_of(stage) for stage in view.stages}
    width = max(map(len, counts.values()))
    for stage in view.stages:
        line = f"  {stage.name:<{_WIDTH}}  {counts[stage.name]:>{width}}"
        if stage.seconds:
            line += f"  {passed(stage.seconds):>10}"
        lines.append(line + "".join(f"  {note}" for note in _notes(stage)))
        lines += [f"      {_of_job(*job)}" for job in view.jobs if job[0].stage == stage.name]
    return lines


def opening_line(view: RunView) -> str:
    """What a run begins with."""
    parts = [f"{view.study}: {count(view.total, 'job')}"]
    if view.left is not None:
        parts.append(_about(view.left, view.known))
    return ", ".join(parts)


def headline(view: RunView) -> str:
    """The run as a whole: jobs, time, time left."""
    parts = [f"{view.study}: {view.done:,} of {count(view.total, 'job')}", passed(view.elapsed)]
    if view.queued is not None:
        parts.append(f"{view.running} running, {view.queued} in the queue")
    if view.left:
        parts.append(f"{_about(view.left, view.known)} left")
    return ", ".join(parts)


def status_line(view: RunView) -> str:
    """The run in one line: as a whole, the stages at work, the job that takes longest."""
    parts = [headline(view)]
    stages = [s for s in view.stages if s.running]
    parts += [", ".join([f"{s.name} {_count_of(s)}", *_notes(s)]) for s in stages]
    parts += [_of_job(*job) for job in view.jobs[:1]]
    return "; ".join(parts)


def stage_line(stage: StageState) -> str:
    """A stage that has ended."""
    jobs = count(stage.total, "job")
    if stage.failed:
        jobs = f"{stage.done} of {jobs}"
    failed = f", {stage.failed} failed" if stage.failed else ""
    return f"{stage.name}: {jobs} done in {passed(stage.seconds)}{failed}"


def _count_of(stage: StageState) -> str:
    return f"{stage.done} of {stage.total}" if stage.total else "nothing to do"


def _notes(stage: StageState) -> list[str]:
    """What else there is to say of a stage."""
    notes = [f"{stage.failed} failed"] if stage.failed else []
    if stage.running and stage.left:
        notes.append(f"{_about(stage.left, stage.known)} left")
    return notes


def _about(seconds: float, known: bool) -> str:
    """A time that is only estimated, in part where not all of it is known."""
    return f"{'about' if known else 'more than'} {duration(seconds)}"


def _of_job(job: PlannedJob, progress: JobProgress, left: float | None) -> str:
    text = f"{job.words}: {progress.words}"
    return text if left is None else f"{text}, about {duration(left)} left"
