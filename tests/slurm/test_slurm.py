"""Studies on a real SLURM: jobs, arrays, cancelled, killed and held jobs, a killed driver."""

import os
import signal

import pandas as pd
import pytest
import yaml

from tests.helpers.study import ROOT, TINY, copy_of, same_files, scripts_in, without_maps, workspace

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(2400)]

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
    "train_fold:gpu=0",
]
HEAVY = {
    "read_sources",
    "inspect_images",
    "clean_metadata",
    "assemble_cohort",
    "find_lungs",
    "make_pictures",
    "train",
    "train_part",
    "evaluate",
    "stratify",
    "review",
    "run_baselines",
    "compare_models",
    "compare_representations",
    "explain",
    "export_features",
    "find_neighbours",
    "embed",
    "sweep",
    "sweep_hdbscan",
    "score",
    "make_control",
    "search_nulls",
    "repeat_search",
    "assess_evidence",
    "train_fold",
    "find_similar",
    "measure_similarity",
    "estimate_severity",
}


PCA = "embeddings/conv5/pca.parquet"


@pytest.fixture
def since(cluster):
    """What the jobs of a test are: those after the last one of the tests before."""
    last = max((int(job["JobId"]) for job in cluster.jobs()), default=0)
    return lambda: [job for job in cluster.jobs() if int(job["JobId"]) > last]


@pytest.fixture
def states(cluster, since):
    """The states of the jobs of a rule, in the order of their submission."""
    return lambda rule: [job["JobState"] for job in since() if cluster.rule_of(job) == rule]


def test_the_demo_runs_and_cancelled_and_killed_jobs_are_tried_again_with_more(
    cluster, since, states, tmp_path
):
    place = workspace(tmp_path / "run", cluster.environment)
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["embedding"]["chunk"] = {"perplexities": 10}
    config["models"]["conv5"]["training"] = {"phases": [{"epochs": 4}]}
    config["evidence"] = TINY["evidence"] | {"nulls": ["gaussian", "copula"]}
    place.write_config(config)
    # Too little memory for the first attempt, and two minutes for a training that is held up.
    embed, train = place.path / "rules/embed.smk", place.path / "rules/train.smk"
    embed.write_text(embed.read_text().replace("grows(1000, 60)", "grows(160)", 1))
    train.write_text(train.read_text().replace("grows(30, 2)", "grows(2)", 1))
    cluster.node("drain")
    driver = place.start(*QUICK)
    cluster.wait_for(lambda: states("read_sources") == ["PENDING"])
    cluster.node("resume")
    cluster.wait_for((place.path / "results/demo/models/conv5/checkpoint.pt").exists)
    trainings = [p for p, rule in scripts_in(place.path).items() if rule == "train"]
    os.kill(trainings[0], signal.SIGSTOP)
    cluster.wait_for(lambda: "RUNNING" in states("run_baselines"))
    cancelled = [job for job in since() if cluster.rule_of(job) == "run_baselines"]
    cluster.call("scancel", cancelled[0]["JobId"])
    output, _ = driver.communicate(timeout=1200)
    assert driver.returncode == 0, output
    assert (place.path / "results/demo/report.html").stat().st_size > 100_000

    assert states("run_baselines") == ["CANCELLED", "COMPLETED"]
    jobs = since()
    assert states("train") == ["TIMEOUT", "COMPLETED"]
    limits = [job["TimeLimit"] for job in jobs if cluster.rule_of(job) == "train"]
    assert limits == ["00:02:00", "00:04:00"]
    log = (place.path / "results/demo/logs/train/conv5.log").read_text()
    assert "the training goes on from there" in log
    memory = [job["MinMemoryNode"] for job in jobs if cluster.rule_of(job) == "find_neighbours"]
    assert memory[:2] == ["160M", "320M"]
    assert states("find_neighbours")[-1] == "COMPLETED"
    killed = (place.path / ".snakemake/slurm_logs/rule_find_neighbours").rglob("*.log")
    assert all("exceeded memory limit" in log.read_text() for log in killed)

    assert {cluster.rule_of(job) for job in jobs} == HEAVY
    arrays = [cluster.rule_of(job) for job in jobs if "ArrayJobId" in job]
    assert arrays.count("embed") == 4
    # Sweeps are submitted as the maps come, one by one where each takes its time.
    assert {"embed", "search_nulls"} <= set(arrays)


def test_a_killed_driver_goes_on_and_jobs_keep_to_what_their_run_began_with(
    cluster, since, states, finished, tmp_path
):
    place = copy_of(finished, tmp_path / "run", cluster.environment)
    without_maps(place)
    driver = place.start(*QUICK)
    cluster.wait_for(lambda: states("embed"))
    driver.kill()
    driver.communicate()
    done = [place.path / "results/tiny" / name for name in ("neighbours/conv5.npz", PCA)]
    times = [path.stat().st_mtime_ns for path in done]
    told = place.snakemake(*QUICK, check=False)
    assert told.returncode != 0
    assert "--unlock" in told.stderr + told.stdout
    for name in {job["JobName"] for job in since()}:
        cluster.call("scancel", "--name", name)
    going = {"PENDING", "RUNNING", "COMPLETING"}
    cluster.wait_for(lambda: not going & {job["JobState"] for job in since()})
    place.snakemake("--unlock")

    cluster.node("drain")
    before = len(since())
    driver = place.start(*QUICK, "--retries", "0")
    cluster.wait_for(lambda: len(since()) > before)
    place.write_config(TINY | {"clustering": TINY["clustering"] | {"eps": [0.5]}})
    script = place.path / "workflow/scripts/score.py"
    code = script.read_text()
    script.write_text(f"{code}\nEDITED = True\n")
    cluster.node("resume")
    output, _ = driver.communicate(timeout=600)
    assert driver.returncode != 0
    assert "score.py or a module that it imports was edited after this run began" in output
    grid = pd.read_parquet(place.path / "results/tiny/grid/conv5/pca.parquet")
    assert sorted(grid["eps"].dropna().unique()) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])

    place.write_config(TINY)
    script.write_text(code)
    assert set(place.planned()) == {
        "score",
        "count_countries",
        "compare_representations",
        "draw_clusters",
        "repeat_search",
        "assess_evidence",
        "draw_evidence",
        "make_pictures",
        "make_thumbnails",
        "pack_explorer",
        "show_table",
        "write_report",
    }
    place.snakemake()
    assert [path.stat().st_mtime_ns for path in done] == times
    assert states("find_neighbours") == ["COMPLETED"]
    same_files(place, finished)
