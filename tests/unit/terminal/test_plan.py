"""The plan of a dry run says what will happen, by stage, and how long it should take."""

import json

import pytest

from cxr.terminal.durations import Durations, read_durations
from cxr.terminal.plan import plan_text
from cxr.terminal.words import duration, passed
from cxr.terminal.work import PlannedJob

MODEL = {"study": "s", "model": "conv5"}


def benchmark(folder, rule, *seconds, cfg=None):
    path = folder / "benchmarks" / rule / "job.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"rule_name": rule, "s": s, "params": {"cfg": cfg}} for s in seconds]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def durations(tmp_path):
    reference = tmp_path / "reference.json"
    reference.write_text('{"seconds": {"embed": 9, "score": 7, "train": 1}}')
    benchmark(tmp_path / "s", "train", 10, 30)
    benchmark(tmp_path / "other", "train", 1000)
    benchmark(
        tmp_path / "other", "embed", 40, cfg={"tsne": {}, "perplexities": [5, 9], "seeds": [0]}
    )
    benchmark(tmp_path / "sources", "download", 2)
    (tmp_path / "s" / "benchmarks" / "train" / "cut.jsonl").write_text('{"rule_na')
    return read_durations(tmp_path, "s", reference)


def test_times_are_those_of_the_study_or_else_of_others_or_else_of_the_reference(durations):
    times = {
        rule: durations.seconds(PlannedJob(rule, {})) for rule in ("train", "embed", "score", "new")
    }
    assert times == {"train": 20, "embed": 20, "score": 7, "new": None}
    assert durations.seconds(PlannedJob("embed", {}, amount=30)) == 600
    assert durations.seconds(PlannedJob("download", {})) == 2
    known = ("train", "embed", "score", "new")
    assert [rule for rule in known if durations.is_of_reference(PlannedJob(rule, {}))] == ["score"]


def test_without_a_reference_nothing_is_known(tmp_path):
    assert read_durations(tmp_path, "s", tmp_path / "none.json") == Durations({}, {}, {})


def test_the_plan_counts_jobs_by_stage_and_adds_up_times(durations):
    jobs = {
        1: PlannedJob("train", MODEL, threads=8, memory_mb=3000),
        2: PlannedJob("evaluate", MODEL, memory_mb=1000, after=[1]),
        3: PlannedJob("embed", MODEL, amount=2, maps=2, after=[1]),
        4: PlannedJob("sweep", MODEL, maps=3, after=[3]),
    }
    text = plan_text("s", jobs, durations, {"sweep": 1000}, lanes=2)
    assert text.splitlines() == [
        "Plan of s:",
        "  networks           2 jobs  more than 20 s  up to 3.0 GB",
        "  maps and clusters  2 jobs  more than 40 s                2 t-SNE maps, 3,000 cells",
        "4 jobs, about 60 s on 2 cores, and the time of what was not run before: evaluate, sweep",
    ]
    jobs = {1: PlannedJob("score", MODEL)}
    assert plan_text("s", jobs, durations, {}, lanes=1).splitlines()[2:] == [
        "Times of what was not run here are those of a reference run, scaled.",
        "1 job, about 7.0 s on 1 core",
    ]
    told = plan_text("s", jobs, durations, {}, lanes=1, disk="The results need much.")
    assert told.splitlines()[-2:] == ["The results need much.", "1 job, about 7.0 s on 1 core"]
    on_cluster = plan_text("s", jobs, durations, {}, lanes=200, on_cluster=True)
    assert on_cluster.endswith("1 job, about 7.0 s with 200 jobs at a time")


def test_a_plan_without_jobs_or_times_says_so(durations):
    assert plan_text("s", {}, durations, {}, 2) == "Plan of s: everything is up to date."
    text = plan_text("s", {1: PlannedJob("new", {})}, durations, {}, 2)
    assert text.splitlines() == [
        "Plan of s:",
        "  other jobs  1 job",
        "1 job, and the time of what was not run before: new",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.44, "0.4 s"), (12.3, "12 s"), (150, "3 min"), (7500, "2 h 5 min")]
)
def test_a_duration_is_short(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.44, "0 s"), (75, "1 min 15 s"), (3600, "1 h 0 min"), (7510, "2 h 5 min")],
)
def test_time_that_passed_is_not_rounded_up(seconds, words):
    assert passed(seconds) == words
