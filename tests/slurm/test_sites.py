"""The examples of sites run on a SLURM: what each asks for is what its jobs have."""

import pytest

from cxr.core.paths import ROOT
from tests.helpers.study import Workspace

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(300)]

# A job on processors and one that trains, as short as a job can be.
WORKFLOW = """\
rule train:
    output: "train.txt"
    shell: "touch {output}"

rule clean_metadata:
    output: "clean_metadata.txt"
    shell: "touch {output}"
"""
QUICK = [
    *("--slurm-init-seconds-before-status-checks", "1", "--seconds-between-status-checks", "1"),
    *("--latency-wait", "5", "--retries", "0"),
]
PROCESSORS, TRAINING = "clean_metadata", "train"


@pytest.fixture
def jobs(cluster, tmp_path):
    """The jobs by rule of a small workflow with a site's profile."""
    (tmp_path / "Snakefile").write_text(WORKFLOW)

    def submitted(kind, *words):
        last = max((int(job["JobId"]) for job in cluster.jobs()), default=0)
        profile = ROOT / "profiles" / "sites" / kind
        place = Workspace(tmp_path, cluster.environment)
        targets = [f"{PROCESSORS}.txt", f"{TRAINING}.txt"]
        driver = place.start(*targets, "--profile", str(profile), *QUICK, *words, config=None)
        output, _ = driver.communicate(timeout=200)
        assert driver.returncode == 0, output
        made = [job for job in cluster.jobs() if int(job["JobId"]) > last]
        return {cluster.rule_of(job): job for job in made}

    return submitted


def test_partitions_and_an_account(jobs, cluster):
    # Accounts are in a database that this cluster lacks; Snakemake asks for those of the user. Of a
    # quality of service SLURM keeps nothing without that database; that it is asked for is in
    # tests/unit/test_profiles.py.
    program = cluster.folder / "bin" / "sacctmgr"
    program.write_text("#!/bin/sh\necho lab-chest\n")
    program.chmod(0o755)
    found = jobs("partitions", "--slurm-status-command", "squeue")
    assert {rule: job["Partition"] for rule, job in found.items()} == {
        PROCESSORS: "standard",
        TRAINING: "gpu",
    }
    assert {job["Account"] for job in found.values()} == {"lab-chest"}
    assert found[TRAINING]["TresPerJob"] == "gres:gpu:1"
    assert "TresPerJob" not in found[PROCESSORS]


def test_a_constraint_chooses_the_nodes_of_trainings(jobs):
    found = jobs("constraint", "--slurm-status-command", "squeue")
    assert {job["Partition"] for job in found.values()} == {"work"}
    assert found[TRAINING]["Features"] == "a100|h100"
    assert found[PROCESSORS]["Features"] == "(null)"
    assert found[TRAINING]["TresPerJob"] == "gres:gpu:1"


def test_without_accounting_nothing_asks_for_it(jobs):
    found = jobs("no-accounting")
    assert {job["JobState"] for job in found.values()} == {"COMPLETED"}
    assert all("TresPerJob" not in job for job in found.values())
