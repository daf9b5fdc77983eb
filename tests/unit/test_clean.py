"""`make clean` deletes no results without being told to."""

import os
import pty
import shutil
import subprocess

import pytest

from cxr.core.paths import ROOT


@pytest.fixture
def folder(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "results" / "demo").mkdir(parents=True)
    (tmp_path / "results" / "README.md").touch()
    (tmp_path / ".venv").mkdir()
    return tmp_path


def clean(folder, *arguments, answer=None):
    """Runs `make clean`, on a terminal where there is an answer to give; its status and output."""
    command = ["make", "-C", folder, "clean", *arguments]
    if answer is None:
        done = subprocess.run(
            command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(command, check=False, stdin=theirs, capture_output=True, text=True)
    os.close(theirs)
    os.close(ours)
    return done.returncode, done.stdout + done.stderr


def left(folder):
    return sorted(path.name for path in folder.rglob("*") if path.name != "Makefile")


def test_without_a_terminal_it_refuses_and_names_the_way(folder):
    status, output = clean(folder)
    assert status != 0
    assert "results of demo would be deleted; make clean FORCE=1 does it" in output
    assert left(folder) == [".venv", "README.md", "demo", "results"]
    assert clean(folder, "FORCE=1")[0] == 0
    assert left(folder) == ["README.md", "results"]


@pytest.mark.parametrize("answer", ["", "n", "nonsense"])
def test_another_answer_than_yes_deletes_nothing(folder, answer):
    status, output = clean(folder, answer=answer)
    assert status == 0
    assert "Delete the results of demo" in output
    assert "Nothing was deleted" in output
    assert left(folder) == [".venv", "README.md", "demo", "results"]


def test_yes_deletes_and_without_results_nothing_is_asked(folder):
    assert clean(folder, answer="y")[0] == 0
    assert left(folder) == ["README.md", "results"]
    (folder / ".venv").mkdir()
    assert clean(folder)[0] == 0
    assert left(folder) == ["README.md", "results"]
