"""The state of a run follows what happens to its jobs."""

import pytest

from cxr.terminal.lines import headline, opening_line, stage_line, status_line, table_lines
from cxr.terminal.run_state import RunPlan, RunState
from cxr.terminal.work import PlannedJob

MODEL = {"study": "s", "model": "conv5"}
JOBS = {
    1: PlannedJob("download", {"study": "s"}),
    2: PlannedJob("clean_metadata", {"study": "s"}, after=[1]),
    3: PlannedJob("train", MODEL, after=[2]),
    4: PlannedJob("new_rule", {}),
}
SECONDS = {1: 20.0, 2: 10.0, 3: 100.0, 4: 5.0}


class Clock:
    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock(tmp_path):
    """Begins now, by the clock of the disk that logs are on."""
    return Clock(tmp_path.stat().st_mtime)


@pytest.fixture
def state(clock):
    return RunState(RunPlan("s", JOBS, SECONDS, cores=2), clock, clock)


def stage(state, name):
    return next(stage for stage in state.view().stages if stage.name == name)


def test_jobs_are_counted_by_stage_from_start_to_end(state, clock):
    assert (state.view().done, state.view().total) == (0, 4)
    state.start(1, None)
    clock.now += 20
    assert (stage(state, "images").running, stage(state, "images").seconds) == (1, 20)
    state.finish(1)
    assert state.ended_stages() == set()
    state.start(2, None)
    clock.now += 10
    state.finish(2)
    clock.now += 500
    images = stage(state, "images")
    assert (images.done, images.total, images.seconds) == (2, 2, 30)
    assert state.ended_stages() == {"images"}
    assert stage_line(images) == "images: 2 jobs done in 30 s"


def test_a_job_that_no_stage_names_is_counted_and_one_that_was_not_planned_is_not(state):
    assert [s.name for s in state.view().stages][-1] == "other jobs"
    assert len(state.view().stages) == 8
    state.start(99, None)
    state.finish(99)
    state.fail(99)
    assert (state.view().done, state.running, state.failed) == (0, {}, set())


def test_a_job_that_fails_and_is_tried_again_counts_once(state):
    state.start(3, None)
    state.fail(3)
    assert (stage(state, "networks").failed, state.ended_stages()) == (1, {"networks"})
    state.start(3, None)
    assert (stage(state, "networks").failed, stage(state, "networks").running) == (0, 1)
    state.finish(3)
    assert (stage(state, "networks").done, state.ended_stages()) == (1, {"networks"})


def test_time_left_is_that_of_the_longest_chain_at_the_pace_that_was_seen(state, clock):
    assert state.view().left == 130
    assert opening_line(state.view()) == "s: 4 jobs, about 3 min"
    state.start(1, None)
    clock.now += 50
    # Twice the time that was expected, of 20 s and 10 s of trust in what was expected.
    state.finish(1)
    assert state.view().left == pytest.approx(110 * (50 + 10) / (20 + 10))


def test_a_job_that_is_overdue_takes_on(state, clock):
    state.start(1, None)
    clock.now += 200
    assert stage(state, "images").left > 20


def test_a_running_job_says_itself_how_long_it_takes(state, clock, tmp_path):
    log = tmp_path / "train.log"
    for job in (1, 2):
        state.start(job, None)
        state.finish(job)
    state.start(3, log)
    clock.now += 30
    log.write_text("phase 1 of 1 on cpu\nepoch 10, 10 of 40 of the phase: loss 0.5\n")
    view = state.view()
    assert view.left == pytest.approx(90)
    assert table_lines(view)[3:5] == [
        "  networks                            0 of 1        30 s  about 90 s left",
        "      train (model conv5): epoch 10 of 40, about 90 s left",
    ]
    assert status_line(view).endswith(
        "about 90 s left; networks 0 of 1, about 90 s left; "
        "train (model conv5): epoch 10 of 40, about 90 s left"
    )


def test_jobs_without_a_time_make_it_more_than_what_is_known_until_one_is_seen(clock):
    jobs = {1: PlannedJob("train", MODEL, amount=2), 2: PlannedJob("train", MODEL, amount=3)}
    state = RunState(RunPlan("s", {**jobs, 3: JOBS[1]}, {3: 7.0}, cores=1), clock, clock)
    assert opening_line(state.view()) == "s: 3 jobs, more than 7.0 s"
    state.start(1, None)
    clock.now += 40
    state.finish(1)
    assert headline(state.view()) == "s: 1 of 3 jobs, 40 s, about 67 s left"


def test_without_any_time_no_time_is_told(clock):
    state = RunState(RunPlan("s", JOBS, {}, cores=2), clock, clock)
    assert state.view().left is None
    assert status_line(state.view()) == "s: 0 of 4 jobs, 0 s"


def test_on_a_cluster_a_job_waits_until_its_log_is_there(clock, tmp_path):
    state = RunState(RunPlan("s", JOBS, SECONDS, cores=None), clock, clock)
    logs = {job: tmp_path / f"{job}.log" for job in (1, 3)}
    for job, log in logs.items():
        state.start(job, log)
    assert state.view().queued == 2
    clock.now += 1000
    logs[1].write_text("begun\n")
    assert state.view().queued == 1
    clock.now += 20
    state.finish(1)
    # The time in the queue is not the job's.
    assert state.view().left == pytest.approx(115)
    assert status_line(state.view()).startswith(
        "s: 1 of 4 jobs, 17 min 0 s, 0 running, 1 in the queue, about 2 min left; networks 0 of 1"
    )


def test_a_stage_without_jobs_has_nothing_to_do(state):
    lines = table_lines(state.view())
    assert len(lines) == 9
    assert lines[0] == "s: 0 of 4 jobs, 0 s, about 3 min left"
    assert lines[2] == "  cohort                       nothing to do"
