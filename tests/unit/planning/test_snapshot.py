"""The jobs of a run find what the run began with."""

import os

from cxr.planning.snapshot import VARIABLE, Snapshot, current_snapshot, save_snapshot


def test_a_job_finds_what_its_run_began_with(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    assert current_snapshot() is None
    save_snapshot({"study": "s", "eps": [0.1]}, {"sweep.py": "abc"})
    monkeypatch.chdir("/")
    assert current_snapshot() == Snapshot({"study": "s", "eps": [0.1]}, {"sweep.py": "abc"})


def test_runs_that_begin_alike_share_a_snapshot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = set()
    for study in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2, "b": 1}):
        monkeypatch.setenv(VARIABLE, "")
        save_snapshot(study, {})
        paths.add(os.environ[VARIABLE])
    assert len(paths) == 2


def test_a_snapshot_that_is_gone_is_no_snapshot(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.json"))
    assert current_snapshot() is None
