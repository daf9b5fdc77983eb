"""A job's log holds its output, and its last line what the user can do."""

import logging
import os
import pty
import subprocess
import sys

import pytest

from cxr.core.paths import SCRIPTS
from cxr.core.progress import DISPLAYED, Progress
from tests.helpers.jobs import TASK


def run(body, tmp_path):
    """Runs `body` inside a job in a process of its own: its status and its log."""
    log = tmp_path / "logs" / "job.log"
    program = f"{TASK}with job(task):\n    {body}\n"
    done = subprocess.run([sys.executable, "-c", program, SCRIPTS, log], check=False)
    return done.returncode, log.read_text().splitlines()


def test_printed_logged_and_native_output_go_to_the_log(tmp_path):
    status, lines = run(
        "import os, logging, warnings; print('a'); logging.getLogger('cxr').info('b'); "
        "warnings.warn('c'); os.write(2, b'd\\n')",
        tmp_path,
    )
    text = "\n".join(lines)
    assert status == 0
    assert all(word in text for word in ("a", " b", "UserWarning: c", "d"))


@pytest.mark.parametrize(
    ("raised", "last"),
    [
        (
            "from cxr.core.errors import InputError; raise InputError('a.csv: \\n mend it')",
            "error: a.csv: mend it",
        ),
        ("raise KeyError('x')", "error: unexpected KeyError: 'x'; see above"),
        (
            "open('/dev/full', 'w').write('x' * 100_000)",
            "error: No space left on device; free some space on its disk and run again",
        ),
        (
            "import errno, os; raise OSError(errno.EROFS, os.strerror(errno.EROFS), 'a.csv')",
            "error: a.csv: Read-only file system; make the results writable and run again",
        ),
    ],
)
def test_a_failure_ends_with_one_clear_line_after_its_traceback(tmp_path, raised, last):
    status, lines = run(raised, tmp_path)
    assert status == 1
    assert lines[-1] == last
    assert any("Traceback" in line for line in lines)


@pytest.mark.parametrize("prefix", ["", "chest/"])
def test_a_damaged_result_is_set_aside_and_a_file_of_the_user_is_not(tmp_path, prefix):
    program = f"""{TASK}
from pathlib import Path
from cxr.core.errors import DamagedFile
with job(task):
    raise DamagedFile("not whole", Path(sys.argv[3]))
"""
    log = f"{prefix}results/tiny/logs/embed/conv5.log"
    for name in (f"{prefix}results/sources/a.npy", "ours/a.npy"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
        command = [sys.executable, "-c", program, str(SCRIPTS), log, name]
        subprocess.run(command, cwd=tmp_path, check=False, stderr=subprocess.DEVNULL)
        assert path.exists() == name.startswith("ours")
        assert path.with_name("a.npy.damaged").exists() != path.exists()


def test_threads_are_limited(tmp_path):
    status, lines = run(
        "import os, numpy, threadpoolctl; "
        "print({p['num_threads'] for p in threadpoolctl.threadpool_info()}, "
        "os.environ['OMP_NUM_THREADS'])",
        tmp_path,
    )
    assert status == 0
    assert lines == ["{1} 1"]


def test_progress_says_done_total_rate_and_time_left(caplog):
    with caplog.at_level(logging.INFO):
        known = Progress(3, "images", every=0.0)
        for _ in range(3):
            known.step()
        Progress(None, "bytes", every=0.0).step(7)
        Progress(5_000_000, "MB", every=0.0, unit=10**6).step(2_500_000)
        Progress(1000, "cells").step()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 5
    assert lines[0].startswith("1 of 3 images, ")
    assert lines[2].endswith("a second, 0 s left")
    assert lines[3].startswith("7 bytes, ")
    assert lines[4].startswith("2 of 5 MB, ")


@pytest.mark.parametrize("displayed", [True, False])
def test_a_terminal_with_a_table_on_it_is_left_to_the_table(tmp_path, displayed):
    code = f"""{TASK}
from cxr.core.errors import InputError
with job(task):
    raise InputError("a.csv: no rows; add some")
"""
    environment = {**os.environ, **({DISPLAYED: "1"} if displayed else {})}
    ours, theirs = pty.openpty()
    log = tmp_path / "job.log"
    command = [sys.executable, "-c", code, SCRIPTS, log]
    subprocess.run(command, check=False, stderr=theirs, env=environment)
    os.write(theirs, b"end")
    shown = os.read(ours, 10_000).decode()
    os.close(theirs)
    os.close(ours)
    assert shown.startswith("end" if displayed else "error: a.csv: no rows; add some")
    assert log.read_text().endswith("error: a.csv: no rows; add some\n")
