"""Where a run is: which of its jobs are done, at work, waiting or failed."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxr.terminal.job_progress import JobProgress, read_progress
from cxr.terminal.stages import OTHER, STAGES
from cxr.terminal.time_left import seconds_left
from cxr.terminal.work import PlannedJob

# Seconds of expected work that have to be seen before what was seen counts as much as what
# was expected.
TRUST = 10.0
# A job goes on for at least this share of the time that it has taken.
OVERDUE = 0.1


@dataclass(frozen=True)
class RunPlan:
    """What a run begins with.

    Attributes
    ----------
    study : str
    jobs : mapping of int to PlannedJob
        By the ids that events name.
    seconds : mapping of int to float
        What each job should take; jobs of which nothing is known are left out.
    cores : int or None
        None on a cluster, which has its own queue.
    """

    study: str
    jobs: Mapping[int, PlannedJob]
    seconds: Mapping[int, float]
    cores: int | None


@dataclass
class RunningJob:
    """A job that was handed over to run.

    Attributes
    ----------
    wall : float
        Time of the epoch, to tell its log from that of an earlier run.
    log : Path or None
    begun : float or None
        When it began, by the state's clock; None while it waits in the queue of a cluster.
    """

    wall: float
    log: Path | None
    begun: float | None

    def has_log(self) -> bool:
        """Whether it has opened its log, which a job does first."""
        try:
            return self.log is None or self.log.stat().st_mtime >= self.wall - 1
        except OSError:
            return False

    def progress(self) -> JobProgress | None:
        """How far its log says it is."""
        return None if self.log is None else read_progress(self.log, self.wall - 1)


@dataclass
class StageState:
    """A stage in numbers.

    Attributes
    ----------
    seconds : float
        From its first job's start.
    left : float
        About the seconds that its jobs take on, as far as anything tells.
    known : bool
        Whether something tells it of all of them.
    """

    name: str
    total: int = 0
    done: int = 0
    running: int = 0
    failed: int = 0
    seconds: float = 0.0
    left: float = 0.0
    known: bool = True


@dataclass(frozen=True)
class RunView:
    """A run at one moment.

    Attributes
    ----------
    study : str
    elapsed : float
        Seconds since it began.
    left : float or None
        About the seconds that it takes on, None where nothing tells.
    known : bool
        Whether something tells it of all of its jobs.
    stages : list of StageState
    queued : int or None
        Jobs that wait in the queue of a cluster, None where there is none.
    jobs : list of (PlannedJob, JobProgress, float or None)
        Running jobs that tell their progress, those that take longest first, with the
        seconds that each takes on.
    """

    study: str
    elapsed: float
    left: float | None
    known: bool
    stages: list[StageState]
    queued: int | None
    jobs: list[tuple[PlannedJob, JobProgress, float | None]]

    @property
    def total(self) -> int:
        """Jobs of the run."""
        return sum(stage.total for stage in self.stages)

    @property
    def running(self) -> int:
        """Jobs at work, without those in a queue."""
        return sum(stage.running for stage in self.stages) - (self.queued or 0)

    @property
    def done(self) -> int:
        """Jobs that have ended well."""
        return sum(stage.done for stage in self.stages)


@dataclass
class RunState:
    """The state of a run, fed with what happens to its jobs.

    Parameters
    ----------
    plan : RunPlan
    clock, wall : callable
        Seconds that pass, and the time of the epoch.
    """

    plan: RunPlan
    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    running: dict[int, RunningJob] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.began = self.clock()
        self._took: dict[int, float] = {}
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def start(self, job: int, log: Path | None) -> None:
        """A job was handed over to run; again, after a failure, where retries are allowed."""
        if job not in self.plan.jobs:
            return
        self.failed.discard(job)
        begun = None if self.plan.cores is None else self.clock()
        self.running[job] = RunningJob(self.wall(), log, begun)
        self._first.setdefault(self.plan.jobs[job].stage, self.clock())

    def finish(self, job: int) -> None:
        """A job has ended well."""
        if job in self.plan.jobs and job not in self.done:
            if job in self.running and self.running[job].begun is not None:
                self._took[job] = self._passed(job)
            self.running.pop(job, None)
            self.done.add(job)
            self._last[self.plan.jobs[job].stage] = self.clock()

    def fail(self, job: int) -> None:
        """A job has failed."""
        if job in self.plan.jobs:
            self.running.pop(job, None)
            self.failed.add(job)
            self._last[self.plan.jobs[job].stage] = self.clock()

    def words(self, job: int) -> str:
        """A job in words."""
        return self.plan.jobs[job].words if job in self.plan.jobs else f"job {job}"

    def ended_stages(self) -> set[str]:
        """Stages all of whose jobs have ended."""
        over = dict.fromkeys(self._first, True)
        for number, job in self.plan.jobs.items():
            if job.stage in over and number not in self.done and number not in self.failed:
                over[job.stage] = False
        return {name for name, ended in over.items() if ended}

    def view(self, most: int = 3) -> RunView:
        """The run at this moment, with at most so many of its running jobs."""
        for running in self.running.values():
            if running.begun is None and running.has_log():
                running.begun = self.clock()
        progress = {number: running.progress() for number, running in self.running.items()}
        told = {number: one for number, one in progress.items() if one is not None}
        ended = self.done | self.failed
        unfinished = [job for job in self.plan.jobs if job not in ended]
        left = self._seconds_left(unfinished, told)
        lanes = self.plan.cores or max(1, len(self.running) - self._queued())
        longest = sorted(told, key=lambda number: -left.get(number, math.inf))[:most]
        return RunView(
            study=self.plan.study,
            elapsed=self.clock() - self.began,
            left=seconds_left(self.plan.jobs, left, lanes) if left or not unfinished else None,
            known=len(left) == len(unfinished),
            stages=self._stages(left, lanes),
            queued=self._queued() if self.plan.cores is None else None,
            jobs=[
                (self.plan.jobs[number], told[number], self._told_left(number, told[number]))
                for number in longest
            ],
        )

    def _stages(self, left: Mapping[int, float], lanes: int) -> list[StageState]:
        """The seven stages, and one for jobs that no stage names where there are any."""
        states = {name: StageState(name) for name in [*STAGES, OTHER]}
        for number, job in self.plan.jobs.items():
            state = states[job.stage]
            state.total += 1
            state.done += number in self.done
            state.running += number in self.running
            state.failed += number in self.failed
            state.known &= number in left or number in self.done or number in self.failed
        for name, state in states.items():
            ours = {job: s for job, s in left.items() if self.plan.jobs[job].stage == name}
            state.left = seconds_left(self.plan.jobs, ours, lanes)
            if name in self._first:
                end = self.clock() if state.running else self._last.get(name, self.clock())
                state.seconds = end - self._first[name]
        return [state for name, state in states.items() if name != OTHER or state.total]

    def _queued(self) -> int:
        """Jobs that wait in the queue of a cluster."""
        return sum(running.begun is None for running in self.running.values())

    def _passed(self, job: int) -> float:
        """Seconds since a running job began, 0 while it waits in a queue."""
        begun = self.running[job].begun
        return 0.0 if begun is None else self.clock() - begun

    def _pace(self) -> float:
        """Seconds that pass for each that was expected, in jobs that are done or overdue."""
        expected = self.plan.seconds
        seen = {job: s for job, s in self._took.items() if expected.get(job)}
        overdue = {job for job in self.running if self._passed(job) > expected.get(job, math.inf)}
        seen |= {job: self._passed(job) for job in overdue}
        return (sum(seen.values()) + TRUST) / (sum(expected[job] for job in seen) + TRUST)

    def _seen(self) -> dict[str, float]:
        """Seconds of a unit of each kind of work that this run has seen."""
        units: dict[str, list[float]] = {}
        for job, seconds in self._took.items():
            planned = self.plan.jobs[job]
            units.setdefault(planned.work, []).append(seconds / planned.amount)
        return {work: sum(times) / len(times) for work, times in units.items()}

    def _seconds_left(
        self, unfinished: Sequence[int], told: Mapping[int, JobProgress]
    ) -> dict[int, float]:
        """What jobs still take: by their progress, by others of this run, or as expected."""
        pace, seen = self._pace(), self._seen()
        left = {}
        for job in unfinished:
            planned = self.plan.jobs[job]
            passed = self._passed(job) if job in self.running else 0.0
            says = self._told_left(job, told[job]) if job in told else None
            if says is not None:
                left[job] = says
            elif planned.work in seen:
                left[job] = max(seen[planned.work] * planned.amount - passed, OVERDUE * passed)
            elif job in self.plan.seconds:
                left[job] = max(self.plan.seconds[job] * pace - passed, OVERDUE * passed)
        return left

    def _told_left(self, job: int, progress: JobProgress) -> float | None:
        """Seconds that a job takes on by its own progress, None where it tells none any more."""
        if progress.share == 1:
            return None
        if progress.left is not None:
            return progress.left
        if not progress.share:
            return None
        return self._passed(job) * (1 - progress.share) / progress.share
