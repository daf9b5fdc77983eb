"""What the profile for Grid Engine asks the engine, and what it makes of the answers."""

import os
import subprocess
import time

import pytest

from cxr.core.paths import ROOT

PROFILE = ROOT / "profiles/grid-engine"
WELL = "failed       0\nexit_status  0\n"
QUEUED, IN_ERROR = "job_number: 7\n", "job_number: 7\nerror reason    1: can't chdir to /gone\n"
ABSENT = None  # the command says that there is no such job


@pytest.fixture
def call(tmp_path):
    """Calls a script of the profile where the engine's commands answer as told."""
    (tmp_path / ".snakemake/grid_engine").mkdir(parents=True)

    def called(script, *words, **answers):
        for name, answer in answers.items():
            command = tmp_path / name
            end = "exit 1" if answer is ABSENT else f"cat <<'END'\n{answer}END"
            command.write_text(f'#!/bin/sh\necho {name} "$@" >>asked\n{end}\n')
            command.chmod(0o755)
        environment = os.environ | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
        return subprocess.run(
            [PROFILE / script, *words],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()

    return called


@pytest.mark.parametrize(
    ("queue", "accounting", "status"),
    [
        (QUEUED, ABSENT, "running"),
        (ABSENT, WELL, "success"),
        (ABSENT, "failed       0\nexit_status  1\n", "failed"),
        (ABSENT, "failed       100 : assumedly after job\nexit_status  137\n", "failed"),
        (ABSENT, "qname all.q\n", "failed"),
        (ABSENT, ABSENT, "running"),
    ],
)
def test_the_status_of_a_job(call, queue, accounting, status):
    assert call("status.sh", "7", qstat=queue, qacct=accounting) == status


def test_a_job_in_error_is_deleted(call, tmp_path):
    assert call("status.sh", "7", qstat=IN_ERROR, qdel="") == "failed"
    assert (tmp_path / "asked").read_text() == "qstat -j 7\nqdel 7\n"


def test_a_job_that_the_accounting_never_knows_is_lost_after_a_while(call, tmp_path):
    gone = tmp_path / ".snakemake/grid_engine/7.gone"
    assert call("status.sh", "7", qstat=ABSENT, qacct=ABSENT) == "running"
    os.utime(gone, (time.time() - 700,) * 2)
    assert call("status.sh", "7", qstat=ABSENT, qacct=ABSENT) == "failed"
    assert call("status.sh", "7", qstat=ABSENT, qacct=WELL) == "success"
    assert not gone.exists()


@pytest.mark.parametrize(
    ("threads", "memory", "gpus", "requests"),
    [
        ("1", "2000", "0", "h_rt=1800,h_vmem=2000M"),
        ("3", "2000", "0", "h_rt=1800,h_vmem=667M"),
        ("2", "2000", "1", "h_rt=1800,h_vmem=1000M,gpu=1"),
    ],
)
def test_memory_is_asked_for_by_slot(call, tmp_path, threads, memory, gpus, requests):
    call("submit.sh", "train", threads, memory, "30", gpus, "job.sh", qsub="7\n")
    expected = (
        "qsub -terse -cwd -V -S /bin/sh -j y -o .snakemake/grid_engine -N train "
        f"-pe smp {threads} -l {requests} job.sh\n"
    )
    assert (tmp_path / "asked").read_text() == expected
