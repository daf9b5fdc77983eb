"""A receipt says what a job ran, read and wrote; readers and successors hold to it."""

import json
from multiprocessing import get_context
from pathlib import Path

import pytest

from cxr.core import temporary
from cxr.core.errors import DamagedFile, InputError, Superseded
from cxr.core.hashing import digest
from cxr.core.io import write_text
from cxr.core.receipts import read_receipt, receipt_of, receipt_path
from tests.helpers.jobs import task_of

ROWS, KEPT = "tiny/rows.csv", "tiny/kept/kept.csv"


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results, reached by a relative path as in a run."""
    monkeypatch.chdir(tmp_path)
    return Path("results")


def run(task, text="a\n"):
    with receipt_of(task):
        for path in task.output:
            write_text(text, path)


def test_a_receipt_tells_what_was_run_read_and_written(results):
    write_text("x\n", "ours.csv")
    run(task_of("clean", [ROWS, "tiny/flow.json"], cfg={"b": 1, "a": [2.5, None]}))
    run(task_of("keep", [KEPT], [f"results/{ROWS}", "ours.csv"]), "b\n")
    receipt = read_receipt(results, KEPT)
    assert (receipt.rule, receipt.log, receipt.code) == ("keep", "tiny/logs/keep.log", "c0de")
    assert receipt.inputs == {ROWS: digest(results / ROWS)}
    assert receipt.others == [digest(b"x\n")]
    assert receipt.outputs == {KEPT: digest(b"b\n")}
    assert receipt.versions["python"].startswith("3.")
    first = read_receipt(results, "tiny/flow.json")
    assert first == read_receipt(results, ROWS)
    assert list(first.cfg.items()) == [("b", 1), ("a", [2.5, None])]


def test_the_same_job_leaves_the_same_receipt(results):
    task = task_of("clean", [ROWS])
    run(task)
    first = receipt_path(results, ROWS).read_bytes()
    run(task)
    assert receipt_path(results, ROWS).read_bytes() == first


def test_a_job_stops_at_a_result_that_is_not_as_it_was_written(results):
    run(task_of("clean", [ROWS]))
    (results / ROWS).write_text("b\n")
    with pytest.raises(DamagedFile, match=r"results/tiny/rows.csv: not as clean wrote it"):
        run(task_of("keep", [KEPT], [f"results/{ROWS}"]))
    assert not (results / KEPT).exists()


def test_a_job_stops_at_a_folder_that_changed_but_not_where_its_files_are_elsewhere(results):
    folder = results / "sources" / "own"
    task = task_of("download", ["sources/own"])
    with receipt_of(task):
        write_text("1", folder / "1.png")
        (folder / "2.png").symlink_to(Path("2.png").absolute())
        write_text("2", "2.png")
    reader = task_of("clean", [ROWS], [str(folder)])
    run(reader)
    Path("2.png").unlink()
    run(reader)
    write_text("2", "2.png")
    write_text("other", folder / "1.png")
    with pytest.raises(InputError, match="its files changed since download made it; run again"):
        run(reader)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace("c0de", "c0df"),
        lambda text: "[]",
        lambda text: json.dumps({**json.loads(text), "receipt": None}),
    ],
    ids=["cut", "flipped", "another document", "empty"],
)
def test_a_damaged_receipt_counts_as_none(results, damage):
    run(task_of("clean", [ROWS]))
    path = receipt_path(results, ROWS)
    path.write_text(damage(path.read_text()))
    assert read_receipt(results, ROWS) is None


def test_a_job_that_failed_or_has_not_ended_leaves_no_receipt(results):
    task = task_of("clean", [ROWS])
    run(task)

    def fail():
        with receipt_of(task):
            assert read_receipt(results, ROWS) is None
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert read_receipt(results, ROWS) is None


def test_the_older_of_two_jobs_replaces_nothing_and_says_so(results):
    task = task_of("clean", [ROWS])

    def run_as_another_process():
        temporary._checks.clear()
        run(task, "of the younger\n")

    def run_older():
        with receipt_of(task):
            younger = get_context("fork").Process(target=run_as_another_process)
            younger.start()
            younger.join()
            write_text("of the older\n", results / ROWS)

    with pytest.raises(Superseded, match="a job that began later makes it now") as told:
        run_older()
    assert told.value.done
    assert (results / ROWS).read_text() == "of the younger\n"
    assert read_receipt(results, ROWS).outputs == {ROWS: digest(b"of the younger\n")}
    assert [path.name for path in (results / "tiny").iterdir() if path.is_file()] == ["rows.csv"]
