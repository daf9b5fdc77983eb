"""The plan of a dry run says what will happen and how long such jobs took."""

import json

import pytest

from cxr.planning.forecast import PlannedJobs, duration, forecast, past_durations, planned_jobs

CELLS = {"sweep": 6, "sweep_hdbscan": 2}


def benchmark(folder, rule, *seconds):
    path = folder / "benchmarks" / rule / "job.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps({"rule_name": rule, "s": s}) + "\n" for s in seconds))


def test_jobs_are_counted_by_rule_with_their_maps_and_cells():
    jobs = [("sweep", 1, 100), ("embed", 1, 100), ("sweep", 1, 73), ("train", 8, 0)]
    planned = planned_jobs(["train", "embed", "sweep", "sweep_hdbscan"], jobs, CELLS)
    assert planned == [
        PlannedJobs("train", 1, 8),
        PlannedJobs("embed", 1, 1, "100 t-SNE maps"),
        PlannedJobs("sweep", 2, 1, f"{173 * 6:,} cells"),
    ]


def test_times_are_those_of_the_study_or_else_of_others(tmp_path):
    benchmark(tmp_path / "s", "train", 10, 30)
    benchmark(tmp_path / "other", "train", 1000)
    benchmark(tmp_path / "other", "embed", 4)
    benchmark(tmp_path / "sources", "download", 2)
    (tmp_path / "s" / "benchmarks" / "train" / "cut.jsonl").write_text('{"rule_na')
    assert past_durations(tmp_path, "s") == ({"train": 20, "embed": 4, "download": 2}, {"embed"})


def test_the_plan_adds_up_times_and_names_rules_without():
    planned = [
        PlannedJobs("train", 2, 8),
        PlannedJobs("embed", 3, 1, "3 t-SNE maps"),
        PlannedJobs("new", 1, 1),
    ]
    text = forecast("s", planned, {"train": 100.0, "embed": 40.0}, {"embed"}, cores=2)
    assert text.splitlines() == [
        "Plan of s:",
        "  train       2 jobs, 2 min each",
        "  embed       3 jobs, 40 s each in other studies; 3 t-SNE maps",
        "  new          1 job, not run before",
        "6 jobs, about 5 min on 2 cores and the time of what was not run before: new",
    ]
    assert "1 job, the time of" in forecast("s", [PlannedJobs("new", 1, 1)], {}, set(), 2)
    assert forecast("s", [], {}, set(), 2) == "Plan of s: everything is up to date."


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.44, "0.4 s"), (12.3, "12 s"), (150, "3 min"), (7500, "2 h 5 min")]
)
def test_a_duration_is_short(seconds, words):
    assert duration(seconds) == words
