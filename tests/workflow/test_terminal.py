"""What a user reads of a whole run, in a pipe and on a terminal."""

import os
import pty
import re
import shutil
import subprocess

import pytest

from cxr.terminal.stages import STAGES

LISTS = re.compile(r"^\s+(?:input|output|reason|jobid|resources): ", re.MULTILINE)


def on_a_terminal(place, *arguments):
    """Runs snakemake on a terminal; its status and what the terminal gets."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "50"}
    process = subprocess.Popen(
        place.command(*arguments),
        cwd=place.path,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 65536):
            shown += block
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")
    return process.wait(), text


def test_a_pipe_gets_a_line_of_each_stage_and_three_at_the_end(finished):
    lines = finished.output.splitlines()
    assert not LISTS.search(finished.output)
    assert re.fullmatch(r"tiny: \d+ jobs, about .+", lines[1])
    for stage in STAGES:
        assert len([x for x in lines if re.fullmatch(rf"{stage}: \d+ jobs? done in .+", x)]) == 1
    done, answer, report = lines[-3:]
    assert re.fullmatch(r"Done: \d+ jobs in \d.*", done)
    assert answer.startswith("Answer: ")
    assert report == f"Report: {(finished.path / 'results/tiny/report.html').as_uri()}"


def test_once_more_there_is_nothing_to_do_and_the_answer_stays(finished):
    lines = finished.snakemake().stderr.splitlines()
    assert "Nothing to be done (all requested files are present and up to date)." in lines
    assert lines[-2].startswith("Answer: ")
    assert lines[-1].startswith("Report: file://")


def test_a_dry_run_shows_the_plan_alone_and_verbose_the_jobs(finished):
    only = ["-n", "--forcerun", "score"]
    done = finished.snakemake(*only)
    assert done.stdout == ""
    _, _, first, *_ = done.stderr.splitlines()
    assert first == "Plan of tiny:"
    more = finished.snakemake(*only, "--verbose")
    assert LISTS.search(more.stdout)
    assert "Plan of tiny:" in more.stderr


def test_verbose_brings_files_and_reasons_back(copied):
    done = copied.snakemake("--forcerun", "score", "--until", "score", "--verbose")
    assert LISTS.search(done.stderr)
    assert "maps and clusters: 1 job done in" in done.stderr


def test_a_terminal_gets_the_table_of_the_stages(copied):
    status, text = on_a_terminal(copied, "--forcerun", "score", "--until", "score")
    assert status == 0, text
    assert not LISTS.search(text)
    last = text[text.rindex("tiny: ") :].splitlines()
    assert last[0].startswith("tiny: 1 of 1 job, ")
    assert [line.strip().split("  ")[0] for line in last[1:8]] == list(STAGES)
    assert re.search(r"maps and clusters +1 of 1 ", text)
    assert last[8:] == ["", last[9]]
    assert last[9].startswith("Done: 1 job in ")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failure_ends_with_what_and_where_and_the_next_command(copied, terminal):
    (copied.path / "results/tiny/cohort.parquet").write_bytes(b"PAR1 cut short")
    only = ["--forcerun", "train", "--until", "train", "--ignore-incomplete"]
    if terminal:
        status, text = on_a_terminal(copied, *only)
    else:
        done = copied.snakemake(*only, check=False)
        status, text = done.returncode, done.stderr
    assert status != 0
    stopped, failed, log, command = text.splitlines()[-4:]
    assert stopped.startswith("Stopped after 0 of 1 job, ")
    assert failed.startswith("train (model conv5) failed: results/tiny/cohort.parquet: not as ")
    assert log == "    its log: results/tiny/logs/train/conv5.log"
    assert command.startswith("What was finished stays. Then run again: ")
    assert "Traceback" not in text
    assert text.count("error: results/tiny/cohort.parquet") == (0 if terminal else 1)


def test_without_the_plugin_snakemakes_own_lines_are_shown(copied):
    shutil.rmtree(copied.path / "workflow/scripts/snakemake_logger_plugin_cxr")
    process = copied.start("--forcerun", "score", "--until", "score")
    output, _ = process.communicate()
    assert process.returncode == 0
    assert LISTS.search(output)
    assert output.splitlines()[-1].startswith("Done: 1 job in ")
