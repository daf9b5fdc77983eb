"""Temporary files of processes that live are kept, those of dead ones go."""

import os
import subprocess
import sys
from multiprocessing import get_context

import pytest

from cxr.core import temporary
from cxr.core.io import atomic
from cxr.core.temporary import OLD, owner, remove_abandoned, replaces_only_if


@pytest.fixture
def dead():
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def write_often(target):
    for _ in range(40):
        with atomic(target) as path:
            path.write_bytes(b"x" * 1000)


def test_two_processes_that_write_the_same_file_do_not_disturb_each_other(tmp_path):
    writers = [
        get_context("fork").Process(target=write_often, args=(tmp_path / "a.pt",)) for _ in "12"
    ]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert [process.exitcode for process in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path, dead):
    machine = owner().split(".")[0]
    target = tmp_path / "a.pt"
    kept = [
        f".a.pt.{owner()}.x",
        f".a.pt.{machine}.1.x",
        f".a.pt.0123abcd.{dead}.x",
        f".a.pt.old.{machine}.{dead}.x",
        ".a.pt.note",
        "a.pt",
    ]
    for name in (*kept, f".a.pt.{machine}.{dead}.x"):
        (tmp_path / name).touch()
    folder = tmp_path / f".a.pt.{machine}.{dead}.y"
    folder.mkdir()
    (folder / "half").touch()
    remove_abandoned(target)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_another_machines_file_is_removed_after_a_day(tmp_path, dead):
    path = tmp_path / f".a.pt.0123abcd.{dead}.x"
    path.touch()
    status = path.stat()
    os.utime(path, (status.st_atime, status.st_mtime - OLD - 60))
    remove_abandoned(tmp_path / "a.pt")
    assert not path.exists()


def test_a_machine_is_another_one_after_it_started_again(monkeypatch):
    before = temporary._machine()
    temporary._machine.cache_clear()
    monkeypatch.setattr(temporary.platform, "node", lambda: "another")
    assert temporary._machine() != before
    temporary._machine.cache_clear()


def test_nothing_is_replaced_where_it_may_not_be(tmp_path):
    (tmp_path / "a").write_text("old")

    def refuse():
        raise PermissionError

    with replaces_only_if(refuse), pytest.raises(PermissionError), atomic(tmp_path / "a") as path:
        path.write_text("new")
    assert (tmp_path / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1
