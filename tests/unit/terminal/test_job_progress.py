"""A job's log says how far it is."""

import logging
import os

import pytest

from cxr.core.progress import Progress
from cxr.terminal.job_progress import TAIL, JobProgress, read_progress

TRAINING = """\
10:00 device: the CPU, as the config says
10:01 phase 1 of 2 on cpu, float32: 5 epochs at 64 pixels
10:02 epoch 1, 1 of 5 of the phase: loss 0.7, validation loss 0.6, accuracy 0.7
10:03 phase 2 of 2 on cpu, float32: 40 epochs at 64 pixels
10:04 epoch 15, 10 of 40 of the phase: loss 0.5, validation loss 0.4, accuracy 0.9
10:04 a warning
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "job.log"


def test_an_epoch_counts_in_its_phase(log):
    log.write_text(TRAINING)
    assert read_progress(log) == JobProgress("epoch 10 of 40, phase 2 of 2", (1 + 10 / 40) / 2)


def test_an_epoch_whose_phase_is_out_of_sight_has_no_share(log):
    log.write_text(TRAINING.splitlines()[1] + "\n" + "x" * TAIL + "\n" + TRAINING.splitlines()[4])
    assert read_progress(log) == JobProgress("epoch 10 of 40")


def test_the_lines_of_long_jobs_are_understood(log, caplog):
    caplog.set_level(logging.INFO, logger="cxr")
    steps = Progress(80, "null simulations", every=0)
    steps.step(20)
    log.write_text("\n".join(caplog.messages))
    progress = read_progress(log)
    assert progress.words == "20 of 80 null simulations"
    assert progress.share == 0.25
    assert progress.left >= 0
    Progress(None, "MB of https://host/a", every=0).step(7)
    log.write_text(caplog.messages[-1])
    assert read_progress(log) == JobProgress("7 MB of https://host/a")


@pytest.mark.parametrize("text", ["", "10:00 reading\n", "\x00\xff half a lin"])
def test_a_log_without_progress_tells_none(log, text):
    log.write_text(text)
    assert read_progress(log) is None


def test_the_log_of_an_earlier_run_tells_none(log):
    assert read_progress(log) is None
    log.write_text(TRAINING)
    os.utime(log, (1000, 1000))
    assert read_progress(log, since=2000) is None
