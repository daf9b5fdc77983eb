"""Snakemake's records become stages; where that fails, Snakemake's own lines are shown."""

import logging
import time

import pytest
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.tests import MockOutputSettings, TestLogHandlerBase

from cxr.terminal import display
from cxr.terminal.run_state import RunPlan
from cxr.terminal.work import PlannedJob
from snakemake_logger_plugin_cxr import LogHandler

JOBS = {1: PlannedJob("download", {}), 2: PlannedJob("train", {"model": "conv5"}, after=[1])}
PLAN = RunPlan("s", JOBS, {1: 10.0, 2: 50.0}, cores=2)
CALLED = "RuleException:\nCalledProcessError in file \"a.smk\", line 3:\nCommand 'x' {}."


class TestInterface(TestLogHandlerBase):
    """What the interface's authors ask of a plugin."""

    __test__ = True

    def get_log_handler_cls(self):
        return LogHandler

    def get_log_handler_settings(self):
        return None


def handler(**settings):
    common = MockOutputSettings()
    common.printshellcmds = common.show_failed_logs = False
    for name, value in settings.items():
        setattr(common, name, value)
    return LogHandler(common, None)


def record(text, event=None, level=logging.INFO, **extra):
    made = logging.makeLogRecord({"msg": text, "levelno": level, "event": event, **extra})
    made.levelname = logging.getLevelName(level)
    return made


def job(number, rule, log=()):
    return record(
        f"rule {rule}",
        LogEvent.JOB_INFO,
        jobid=number,
        rule_name=rule,
        rule_msg=None,
        local=False,
        is_checkpoint=False,
        input=["a"],
        output=["b"],
        log=list(log),
        benchmark=None,
        reason="Missing output files",
        wildcards={},
        priority=0,
        threads=1,
        resources={},
    )


def finished(number):
    return record("done", LogEvent.JOB_FINISHED, job_id=number)


STARTED = record("Workflow has started!", LogEvent.WORKFLOW_STARTED)
for name in (
    *("datetime", "workflow_id", "platform", "host", "user", "snakemake_version"),
    *("python_version", "cmd", "snakefile_main", "basedir", "rundir", "cwd", "configfiles"),
    *("config_md5", "quietness"),
):
    setattr(STARTED, name, None)


def shown(handler, *records, capsys):
    for one in records:
        handler.emit(one)
    handler.close()
    return capsys.readouterr().err.splitlines()


def test_jobs_become_stages_without_files_and_reasons(capsys):
    ours = handler()
    ours.emit(STARTED)
    ours.emit(record("Building DAG of jobs..."))
    ours.describe(PLAN)
    records = [job(1, "download"), finished(1), job(2, "train"), finished(2)]
    assert shown(ours, *records, capsys=capsys) == [
        "s: 2 jobs, about 60 s",
        "images: 1 job done in 0 s",
        "networks: 1 job done in 0 s",
    ]


def test_verbose_brings_files_and_reasons_back(capsys):
    ours = handler(verbose=True)
    ours.describe(PLAN)
    lines = shown(ours, job(1, "download"), finished(1), capsys=capsys)
    assert "    reason: Missing output files" in lines
    assert "    input: a" in lines
    assert "images: 1 job done in 0 s" in lines


def test_whoever_asks_snakemake_to_be_quiet_gets_its_lines(capsys):
    from snakemake.settings.enums import Quietness

    ours = handler(quiet={Quietness.RULES})
    ours.describe(PLAN)
    lines = shown(ours, STARTED, record("Building DAG of jobs..."), finished(1), capsys=capsys)
    assert "Building DAG of jobs..." in lines
    assert not [line for line in lines if line.startswith("s: ")]


def test_warnings_and_errors_are_shown_and_a_failed_job_is_counted(capsys):
    ours = handler()
    ours.describe(PLAN)
    lines = shown(
        ours,
        STARTED,
        job(1, "download"),
        record("the disk is slow", level=logging.WARNING),
        record("MissingOutputException", LogEvent.ERROR, logging.ERROR),
        record("SLURM run ID: 12"),
        record("", LogEvent.JOB_ERROR, logging.ERROR, jobid=1, log=["a.log"]),
        record(CALLED.format("died with <Signals.SIGKILL: 9>"), None, logging.ERROR),
        record(CALLED.format("returned non-zero exit status 1"), None, logging.ERROR),
        record("At least one job did not complete successfully.", None, logging.ERROR),
        capsys=capsys,
    )
    assert lines == [
        "s: 2 jobs, about 60 s",
        "the disk is slow",
        "MissingOutputException",
        "SLURM run ID: 12",
        "download failed; its log: a.log",
        "images: 0 of 1 job done in 0 s, 1 failed",
        *CALLED.format("died with <Signals.SIGKILL: 9>").splitlines(),
    ]


def test_what_is_said_where_nothing_runs_is_shown(capsys):
    assert shown(handler(), record("Unlocked working directory."), capsys=capsys) == [
        "Unlocked working directory."
    ]


def test_of_a_run_that_was_not_described_snakemakes_lines_are_shown(capsys):
    lines = shown(handler(), STARTED, job(1, "download"), capsys=capsys)
    assert "rule download:" in lines


def test_a_display_that_breaks_ends_in_snakemakes_lines_and_the_run_goes_on(capsys, monkeypatch):
    ours = handler()
    ours.describe(PLAN)
    ours.emit(job(1, "download"))
    monkeypatch.setattr(display, "stage_line", lambda stage: 1 / 0)
    lines = shown(ours, finished(1), job(2, "train"), capsys=capsys)
    assert lines[1] == (
        "the stages can't be shown (division by zero); Snakemake's own lines follow"
    )
    assert "rule train:" in lines


def test_a_long_stage_gets_a_line_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr(display, "LINE_EVERY", 0.0)
    monkeypatch.setattr(display, "LOOK_EVERY", 0.01)
    ours = handler()
    ours.describe(PLAN)
    ours.emit(job(1, "download"))
    assert "s: 0 of 2 jobs, 0 s, about" in waited("images 0 of 1", capsys)
    monkeypatch.setattr(display, "status_line", lambda view: 1 / 0)
    waited("the stages can't be shown", capsys)
    assert "rule train:" in shown(ours, job(2, "train"), capsys=capsys)


def waited(words, capsys):
    """What is shown until some words are."""
    text, end = "", time.monotonic() + 10
    while words not in text:
        assert time.monotonic() < end
        time.sleep(0.01)
        text += capsys.readouterr().err
    return text


@pytest.mark.parametrize("stdout", [True, False])
def test_lines_go_where_snakemake_says(capsys, stdout):
    ours = handler(stdout=stdout)
    ours.emit(record("Unlocked working directory."))
    ours.close()
    assert ("Unlocked" in capsys.readouterr().out) == stdout
