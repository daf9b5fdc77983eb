"""Studies on a real SLURM: jobs, arrays, cancelled, killed and held jobs, a killed driver."""

import os
import signal

import pandas as pd
import pytest
import yaml

from tests.study import ROOT, TINY, copy_of, same_files, scripts_in, without_maps, workspace

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(900)]

QUICK = [
    "--profile",
    "profiles/slurm",
    "--slurm-status-command",
    "squeue",
    "--slurm-init-seconds-before-status-checks",
    "1",
    "--seconds-between-status-checks",
    "1",
    "--set-resources",
    "train:gpu=0",
    "train_part:gpu=0",
]
HEAVY = {
    "clean_metadata",
    "assemble_cohort",
    "train",
    "train_part",
    "evaluate",
    "run_baselines",
    "compare_models",
    "explain",
    "export_features",
    "find_neighbours",
    "embed",
    "sweep",
    "sweep_hdbscan",
    "score",
}


@pytest.fixture
def since(cluster):
    """What the jobs of a test are: those after the last one of the tests before."""
    last = max((int(job["JobId"]) for job in cluster.jobs()), default=0)
    return lambda: [job for job in cluster.jobs() if int(job["JobId"]) > last]


def unmapped(finished, path, cluster):
    """A copy of the finished run that has lost its maps and what follows, on the cluster."""
    place = copy_of(finished, path)
    place.environment = cluster.environment
    without_maps(place)
    return place


def test_the_demo_runs_with_its_heavy_rules_as_jobs_and_its_grid_as_arrays(
    cluster, since, tmp_path
):
    place = workspace(tmp_path / "run")
    place.environment = cluster.environment
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["embedding"]["chunk"] = {"perplexities": 10}
    place.write_config(config)
    place.snakemake(*QUICK)
    assert (place.path / "results/demo/report.html").stat().st_size > 100_000
    jobs = since()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    assert {cluster.rule_of(job) for job in jobs} == HEAVY
    arrays = [cluster.rule_of(job) for job in jobs if "ArrayJobId" in job]
    assert arrays.count("embed") == 4
    assert {"embed", "sweep", "sweep_hdbscan"} <= set(arrays)
    memory = {cluster.rule_of(job): job["TRES"] for job in jobs}
    assert all("mem=" in asked for asked in memory.values())
    assert len({job["TimeLimit"] for job in jobs}) > 1


def test_cancelled_and_killed_jobs_are_tried_again_with_more_and_end_in_the_same_files(
    cluster, since, finished, tmp_path
):
    place = workspace(tmp_path / "run")
    place.environment = cluster.environment
    place.write_config(TINY)
    # Too little memory for the first attempt, and a minute for a training that will be held up.
    rules = place.path / "rules"
    embed, train = rules / "embed.smk", rules / "train.smk"
    embed.write_text(embed.read_text().replace("grows(1000, 60)", "grows(160)", 1))
    train.write_text(train.read_text().replace("grows(30, 2)", "grows(1)", 1))
    cluster.node("drain")
    driver = place.start(*QUICK)

    def states(rule):
        return [job["JobState"] for job in since() if cluster.rule_of(job) == rule]

    cluster.wait_for(lambda: states("clean_metadata") == ["PENDING"])
    cluster.node("resume")
    # A training that stops after its first epoch is over its time in a minute.
    checkpoint = place.path / "results/tiny/models/conv5/checkpoint.pt"
    cluster.wait_for(checkpoint.exists)
    trainings = [p for p, rule in scripts_in(place.path).items() if rule == "train"]
    os.kill(trainings[0], signal.SIGSTOP)
    running = cluster.wait_for(
        lambda: [
            job
            for job in since()
            if cluster.rule_of(job) == "run_baselines" and job["JobState"] == "RUNNING"
        ]
    )
    cluster.call("scancel", running[0]["JobId"])
    output, _ = driver.communicate(timeout=600)
    assert driver.returncode == 0, output
    assert states("run_baselines")[-2:] == ["CANCELLED", "COMPLETED"]
    assert states("train") == ["TIMEOUT", "COMPLETED"]
    limits = [job["TimeLimit"] for job in since() if cluster.rule_of(job) == "train"]
    assert limits == ["00:01:00", "00:02:00"]
    memory = [job["MinMemoryNode"] for job in since() if cluster.rule_of(job) == "find_neighbours"]
    assert memory[:2] == ["160M", "320M"]
    assert states("find_neighbours")[-1] == "COMPLETED"
    killed = (place.path / ".snakemake/slurm_logs/rule_find_neighbours").rglob("*.log")
    assert all("exceeded memory limit" in log.read_text() for log in killed)
    assert "goes on" in (place.path / "results/tiny/logs/train/conv5.log").read_text()
    same_files(place, finished)


def test_jobs_keep_to_what_their_run_began_with(cluster, since, finished, tmp_path):
    place = unmapped(finished, tmp_path / "run", cluster)
    cluster.node("drain")
    driver = place.start(*QUICK, "--retries", "0")
    cluster.wait_for(lambda: since())
    config = TINY | {"clustering": TINY["clustering"] | {"eps": [0.5]}}
    place.write_config(config)
    script = place.path / "workflow/scripts/score.py"
    edited = script.read_text()
    script.write_text(edited + "\nEDITED = True\n")
    cluster.node("resume")
    output, _ = driver.communicate(timeout=300)
    assert driver.returncode != 0
    assert "score.py or a module that it imports was edited after this run began" in output
    grid = pd.read_parquet(place.path / "results/tiny/grid/conv5/pca.parquet")
    assert sorted(grid["eps"].unique()) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    place.write_config(TINY)
    script.write_text(edited)
    assert set(place.planned()) <= {"score", "count_countries", "draw_clusters", "write_report"}


def test_a_killed_driver_goes_on_without_doing_finished_work_twice(
    cluster, since, finished, tmp_path
):
    place = unmapped(finished, tmp_path / "run", cluster)
    driver = place.start(*QUICK)
    results = place.path / "results" / "tiny"
    cluster.wait_for(lambda: [j for j in since() if cluster.rule_of(j) == "embed"])
    done = {results / "neighbours/conv5.npz", results / "embeddings/conv5/pca.parquet"}
    times = {path: path.stat().st_mtime_ns for path in done}
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    told = place.snakemake(*QUICK, check=False)
    assert told.returncode != 0
    assert "--unlock" in told.stderr + told.stdout
    names = {job["JobName"] for job in since()}
    for name in names:
        cluster.call("scancel", "--name", name)
    cluster.wait_for(
        lambda: not {"PENDING", "RUNNING", "COMPLETING"} & {j["JobState"] for j in since()}
    )
    place.snakemake("--unlock")
    place.snakemake(*QUICK)
    assert {path: path.stat().st_mtime_ns for path in done} == times
    assert [cluster.rule_of(job) for job in since()].count("find_neighbours") == 1
    same_files(place, finished)
