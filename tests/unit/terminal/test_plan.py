"""The plan of a dry run says what will happen, by stage, and how long it should take."""

import json

import pandas as pd
import pytest

from cxr.core.io import write_table
from cxr.terminal.durations import Durations, Measured, read_durations
from cxr.terminal.growth import ALL_DISTANCES, BY_IMAGE, MAPS, SEARCHES, START, growth
from cxr.terminal.plan import plan_text
from cxr.terminal.stages import STAGES
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
    reference.write_text('{"work": {"embed": [9, 300], "score": [7, 300], "train": [1, 300]}}')
    benchmark(tmp_path / "s", "train", START + 10, START + 30)
    benchmark(tmp_path / "other", "train", 1000)
    benchmark(
        tmp_path / "other",
        "embed",
        START + 40,
        cfg={"tsne": {}, "perplexities": [5, 9], "seeds": [0]},
    )
    benchmark(tmp_path / "sources", "download", START + 2)
    (tmp_path / "s" / "benchmarks" / "train" / "cut.jsonl").write_text('{"rule_na')
    return read_durations(tmp_path, "s", reference=reference)


def test_times_are_those_of_the_study_or_else_of_others_or_else_of_the_reference(durations):
    times = {
        rule: durations.seconds(PlannedJob(rule, {})) for rule in ("train", "embed", "score", "new")
    }
    assert times == {"train": START + 20, "embed": START + 20, "score": START + 7, "new": None}
    assert durations.seconds(PlannedJob("embed", {}, amount=30)) == START + 600
    assert durations.seconds(PlannedJob("download", {})) == START + 2
    known = ("train", "embed", "score", "new")
    assert [rule for rule in known if durations.is_of_reference(PlannedJob(rule, {}))] == ["score"]


def test_without_a_reference_nothing_is_known(tmp_path):
    assert read_durations(tmp_path, "s", reference=tmp_path / "none.json") == Durations({}, {}, {})


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
        "  networks           2 jobs  more than 21 s  up to 3.0 GB",
        "  maps and clusters  2 jobs  more than 41 s                2 t-SNE maps, 3,000 cells",
        "4 jobs, about 62 s on 2 cores, and the time of what was not run before: evaluate, sweep",
    ]
    jobs = {1: PlannedJob("score", MODEL)}
    assert plan_text("s", jobs, durations, {}, lanes=1).splitlines()[2:] == [
        "Times of what was not run here are those of reference runs, scaled.",
        "1 job, about 8.0 s on 1 core",
    ]
    told = plan_text("s", jobs, durations, {}, lanes=1, disk="The results need much.")
    assert told.splitlines()[-2:] == ["The results need much.", "1 job, about 8.0 s on 1 core"]
    on_cluster = plan_text("s", jobs, durations, {}, lanes=200, on_cluster=True)
    assert on_cluster.endswith("1 job, about 8.0 s with 200 jobs at a time")


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


def test_a_time_grows_with_the_images_of_the_study():
    measured = {"train": Measured(10, 500), "draw": Measured(10, 500), "new": Measured(10)}
    durations = Durations({}, measured, {}, images=5000)
    times = [durations.seconds(PlannedJob(rule, {}, 2)) for rule in measured]
    assert times == [START + 200, START + 20, START + 20]
    assert Durations({}, measured, {}).seconds(PlannedJob("train", {}, 2)) == START + 20


def test_of_studies_of_several_sizes_the_largest_counts(tmp_path):
    for study, seconds, images in (("a", 11, 10), ("b", 31, 40), ("c", 51, 40)):
        benchmark(tmp_path / study, "train", seconds)
        table = pd.DataFrame({"image_id": [str(i) for i in range(images)]})
        write_table(table, tmp_path / study / "cohort.parquet")
    others = read_durations(tmp_path, "s", reference=tmp_path / "none.json").others
    assert others == {"train": Measured(41 - START, 40)}


@pytest.mark.parametrize(
    ("rule", "measured", "planned", "times"),
    [
        ("train", 500, 5000, 10),
        ("find_neighbours", 500, 5000, 100),
        ("embed", 500, 1000, 4),
        ("embed", 2000, 20_000, 10),
        ("embed", 1000, 20_000, 40),
        ("search_nulls", 250, 20_000, 4),
        ("search_nulls", 50_000, 20_000, 1),
        ("write_report", 500, 20_000, 1),
    ],
)
def test_how_rules_grow(rule, measured, planned, times):
    assert growth(rule, measured, planned, sample=500) == pytest.approx(times)


def test_every_rule_that_grows_is_a_rule():
    grows = BY_IMAGE | ALL_DISTANCES | MAPS | SEARCHES
    assert grows <= {rule for rules in STAGES.values() for rule in rules}
    assert len(grows) == sum(map(len, (BY_IMAGE, ALL_DISTANCES, MAPS, SEARCHES)))
