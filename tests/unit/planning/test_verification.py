"""What is made again after damage, loss, copies and edits, and what is not."""

import os
import shutil
from pathlib import Path

import pytest

from cxr.core.io import write_text
from cxr.core.receipts import receipt_of
from cxr.planning.verification import (
    CHANGED,
    CODE,
    INPUTS,
    MISSING,
    SETTINGS,
    UNKNOWN,
    Results,
)
from tests.helpers.jobs import task_of

TASKS = {
    "download": task_of("download", ["sources/own"]),
    "clean": task_of("clean", ["tiny/rows.csv", "tiny/flow.json"], ["results/sources/own"]),
    "train": task_of("train", ["tiny/a/w.npy"], ["results/tiny/rows.csv", "ours.csv"], {"n": 1}),
    "report": task_of("report", ["tiny/report.html"], ["results/tiny/a/w.npy"]),
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """The results of four jobs, each of which reads the one before."""
    monkeypatch.chdir(tmp_path)
    write_text("x", "ours.csv")
    for task in TASKS.values():
        with receipt_of(task):
            for path in task.output:
                write_text(task.rule, f"{path}/1.png" if "sources" in path else path)
        log = task.log[0].replace("logs", "benchmarks").replace(".log", ".jsonl")
        write_text("{}", log)
    return read()


def read(folder="results"):
    results = Results(Path(folder), ["tiny", "sources", "weights"])
    results.read()
    return results


def reasons(results, **changed):
    """Why each job of a plan must run, where one must."""
    found = {}
    for rule, task in TASKS.items():
        values = {
            "outputs": task.output,
            "inputs": task.input,
            "cfg": task.params.cfg,
            "code": task.params.code,
        } | changed.get(rule, {})
        if reason := results.reason(**values):
            found[rule] = reason
    return found


def test_results_of_todays_config_code_and_data_stand(results):
    assert reasons(results) == {}
    assert results.summary() is None
    assert results.damaged() == []


@pytest.mark.parametrize(
    ("rule", "changed", "reason"),
    [
        ("train", {"cfg": {"n": 2}}, SETTINGS),
        ("train", {"cfg": {"n": True}}, SETTINGS),
        ("train", {"code": "other"}, CODE),
        ("train", {"inputs": ["results/tiny/rows.csv"]}, INPUTS),
        ("report", {"inputs": ["results/tiny/rows.csv"]}, INPUTS),
        ("report", {"inputs": []}, INPUTS),
        ("clean", {"outputs": ["results/tiny/rows.csv"]}, UNKNOWN),
    ],
)
def test_what_a_job_would_do_otherwise_makes_it_run(results, rule, changed, reason):
    assert reasons(results, **{rule: changed}) == {rule: reason}
    assert results.summary() == f"results/tiny: results made again: 1 {reason}"


@pytest.mark.parametrize("name", ["rows.csv", "flow.json", "a/w.npy", "report.html"])
def test_a_flipped_byte_is_seen_though_size_and_times_are_as_before(results, name):
    path = Path("results/tiny", name)
    status, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    again = read()
    assert again.damaged() == [path]
    task = next(task for task in TASKS.values() if str(path) in task.output)
    assert reasons(again)[task.rule] == CHANGED
    assert set(reasons(again).values()) <= {CHANGED, INPUTS}


def test_a_file_of_the_user_that_changed_makes_its_reader_run(results):
    write_text("y", "ours.csv")
    assert reasons(read()) == {"train": INPUTS}


@pytest.mark.parametrize("path", ["results/table.csv", "results/other/features.csv"])
def test_a_file_of_the_user_or_of_another_study_may_lie_among_the_results(results, path):
    write_text("x", path)
    task = task_of("import", ["tiny/cohort.csv"], [path])
    with receipt_of(task):
        write_text("y", task.output[0])
    job = (task.output, task.input, task.params.cfg, task.params.code)
    found = read()
    assert found.reason(*job) is None
    # A copy that is older than what it was made of gets a time in order.
    os.utime(task.output[0], ns=(0, 0))
    found.restore_times()
    assert Path(task.output[0]).stat().st_mtime_ns > Path(path).stat().st_mtime_ns
    write_text("z", path)
    assert read().reason(*job) == INPUTS
    Path(path).unlink()
    assert read().reason(*job) == INPUTS


def test_a_source_that_changed_is_obtained_again_and_nothing_of_it_is_damaged(results):
    write_text("other", "results/sources/own/1.png")
    assert reasons(read()) == {"download": CHANGED, "clean": INPUTS}
    assert read().damaged() == []


def test_a_source_linked_from_elsewhere_stands_where_that_is_not(results):
    path = Path("results/sources/own/1.png")
    path.unlink()
    path.symlink_to("/no/such/file")
    assert reasons(read()) == {}


def test_a_missing_result_is_made_again_and_one_that_never_was_is_no_news(results):
    Path("results/tiny/a/w.npy").unlink()
    again = read()
    assert reasons(again) == {"train": MISSING, "report": INPUTS}
    assert "1 missing" in again.summary()
    shutil.rmtree("results")
    fresh = read()
    assert set(reasons(fresh).values()) == {MISSING}
    assert fresh.summary() is None


def test_results_without_receipts_are_made_again(results):
    shutil.rmtree("results/tiny/receipts")
    found = reasons(read())
    assert found == {"clean": UNKNOWN, "train": UNKNOWN, "report": UNKNOWN}


def test_a_job_that_has_begun_again_is_not_called_damaged(results):
    (Path("results/tiny/rows.csv")).write_text("half")
    again = read()
    with receipt_of(TASKS["clean"]):
        assert again.damaged() == []


def test_a_copy_gets_times_that_rerun_nothing(results):
    outputs = [Path(path) for task in TASKS.values() for path in task.output]
    timed = [*outputs, *Path("results").glob("*/benchmarks/*")]
    for second, path in enumerate(reversed(timed)):
        os.utime(path, (second, second))
    read().restore_times()
    assert len({path.stat().st_mtime_ns for path in timed}) == 1


def test_results_that_another_run_removes_meanwhile_stop_nothing(results):
    outputs = [Path(path) for task in TASKS.values() for path in task.output]
    gone = Path("results/tiny/rows.csv")
    for path in outputs[1:]:  # older than the source that they come from, and in order otherwise
        os.utime(path, (1, 1))
    again = read()
    gone.unlink()
    again.restore_times()
    assert not gone.exists()
    assert len({path.stat().st_mtime_ns for path in outputs if path != gone}) == 1


def test_times_in_order_are_left(results):
    path = Path("results/tiny/report.html")
    before = path.stat().st_mtime_ns
    results.restore_times()
    assert path.stat().st_mtime_ns == before


def test_a_result_made_of_other_inputs_keeps_its_time(results):
    path = Path("results/tiny/report.html")
    os.utime(path, (1, 1))
    write_text("other", "results/tiny/a/w.npy")
    read().restore_times()
    assert path.stat().st_mtime == 1


def test_results_can_lie_anywhere(results):
    shutil.copytree("results", "chest/results")
    moved = read("chest/results")
    task = TASKS["report"]
    outputs, inputs = ([f"chest/{path}" for path in paths] for paths in (task.output, task.input))
    assert moved.reason(outputs, inputs, None, "c0de") is None
