"""The profile for Grid Engine, with commands that stand for its own."""

import os
import signal
import time

import pytest

from tests.helpers import grid_engine
from tests.helpers.study import copy_of, without_maps

pytestmark = pytest.mark.timeout(600)

QUICK = [
    *("--profile", "profiles/grid-engine", "--seconds-between-status-checks", "1"),
    *("--latency-wait", "5"),
]
MAPS = "results/tiny/embeddings/conv5"


@pytest.fixture
def engine(tmp_path):
    """The folder of an engine's commands."""
    grid_engine.install(tmp_path / "engine")
    return tmp_path / "engine"


@pytest.fixture
def place(engine, finished, tmp_path):
    """The tiny study without its maps, where the engine's commands are found first."""
    environment = os.environ | {"PATH": f"{engine}{os.pathsep}{os.environ['PATH']}"}
    place = copy_of(finished, tmp_path / "run", environment)
    without_maps(place)
    return place


def test_jobs_ask_for_what_rules_request_and_a_killed_one_for_twice(engine, place, finished):
    embed = place.path / "rules/embed.smk"
    embed.write_text(embed.read_text().replace("grows(1000, 60)", "grows(160)", 1))
    maps = sorted(path for path in (finished.path / MAPS).iterdir() if path.stem != "pca")
    driver = place.start(*QUICK, f"{MAPS}/{maps[0].name}")
    output, _ = driver.communicate(timeout=400)
    assert driver.returncode == 0, output
    assert (place.path / MAPS / maps[0].name).read_bytes() == maps[0].read_bytes()

    jobs = grid_engine.jobs(engine)
    names = [job["name"] for job in jobs]
    searches = [job for job in jobs if job["name"] == "find_neighbours"]
    assert names == ["find_neighbours"] * len(searches) + ["embed"]
    asked = [(job["requests"]["h_vmem"], job["requests"]["h_rt"]) for job in searches]
    assert asked[:2] == [("160M", "660"), ("320M", "1260")]
    assert [bool(job["ended"]["failed"]) for job in searches] == [True] * (len(jobs) - 2) + [False]
    assert {(job["environment"], job["slots"]) for job in jobs} == {("smp", 1)}
    assert all((place.path / job["output"]).is_file() for job in jobs)


@pytest.fixture
def interruptible():
    """What is started can be interrupted, also where these tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_what_runs_is_deleted_with_its_driver(engine, place):
    driver = place.start(*QUICK, f"{MAPS}/pca.parquet")
    deadline = time.monotonic() + 120
    while not any("pid" in job for job in grid_engine.jobs(engine)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=120)
    assert driver.returncode != 0
    while not (job := grid_engine.jobs(engine)[0])["ended"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert job["ended"]["exit_status"] == grid_engine.KILLED
    assert not (place.path / MAPS / "pca.parquet").exists()
