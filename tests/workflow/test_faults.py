"""What goes wrong on one machine, and ends in the files of a run in which nothing did."""

import json
import math
import os
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import disk
from tests.helpers.study import TINY, copy_of, same_files, scripts_in, without_maps, workspace

pytestmark = pytest.mark.timeout(900)


def seconds_of(place):
    """How long the shortest job of each rule took."""
    shortest: dict[str, float] = {}
    for path in (place.path / "results").glob("*/benchmarks/**/*.jsonl"):
        measured = json.loads(path.read_text())
        rule, took = measured["rule_name"], measured["s"]
        shortest[rule] = min(took, shortest.get(rule, took))
    return shortest


class Killer(threading.Thread):
    """Kills the first job of every rule when it has run for a third of its time."""

    def __init__(self, folder, seconds):
        super().__init__(daemon=True)
        self.folder, self.seconds = folder, seconds
        self.killed: set[str] = set()
        self.over = threading.Event()

    def run(self):
        began: dict[int, float] = {}
        while not self.over.wait(0.02):
            for process, rule in scripts_in(self.folder).items():
                since = time.monotonic() - began.setdefault(process, time.monotonic())
                if rule not in self.killed and since > self.seconds.get(rule, math.inf) / 3:
                    os.kill(process, 9)
                    self.killed.add(rule)


def under_a_killer(place, seconds, *arguments):
    """What a run on one core that loses a job of each rule says, and the rules that lost one."""
    killer = Killer(place.path, seconds)
    killer.start()
    done = place.snakemake("--cores", "1", "--retries", "1", "--verbose", *arguments)
    killer.over.set()
    killer.join()
    return done.stdout + done.stderr, killer.killed


def test_a_job_of_every_stage_killed_once_and_a_single_core(finished, tmp_path):
    place = workspace(tmp_path / "run")
    place.write_config(TINY)
    seconds = seconds_of(finished)
    done, killed = under_a_killer(place, seconds)
    restarts = done.count("Trying to restart job")
    # A job that was faster than on the busy machine where it was timed ended unhurt.
    for rule in sorted(seconds.keys() - killed):
        while rule not in killed:
            seconds[rule] /= 4
            assert seconds[rule] > 0.05, rule
            only = ["--forcerun", rule, "--until", rule]
            done, also = under_a_killer(place, {rule: seconds[rule]}, *only)
            restarts += done.count("Trying to restart job")
            killed |= also
    assert restarts >= len(seconds)
    same_files(place, finished)
    for path in (place.path / "results").glob("*/benchmarks/**/*.jsonl"):
        measured = json.loads(path.read_text())
        assert measured["cpu_time"] <= 1.15 * measured["s"] + 0.5, path.name


@pytest.mark.root
def test_a_disk_that_fills_up(finished, tmp_path):
    place = copy_of(finished, tmp_path / "run")
    without_maps(place)
    results = place.path / "results"
    results.rename(place.path / "kept")
    with disk(results, "200m"):
        subprocess.run(["cp", "-a", f"{place.path / 'kept'}/.", results], check=True)
        used = int(subprocess.check_output(["du", "-sk", results]).split()[0])
        resize(results, used + 60)
        done = place.snakemake(check=False)
        assert done.returncode != 0
        assert "No space left on device; free some space on its disk and run again" in done.stderr
        resize(results, used + 50_000)
        place.snakemake()
        same_files(place, finished)


def resize(folder, kilobytes):
    options = f"remount,size={kilobytes}k"
    subprocess.run(["mount", "-o", options, folder], check=True)


@pytest.mark.root
def test_results_that_can_not_be_written(finished, tmp_path):
    place = copy_of(finished, tmp_path / "run")
    results = place.path / "results"
    results.rename(place.path / "kept")
    with disk(results, "200m"):
        subprocess.run(["cp", "-a", f"{place.path / 'kept'}/.", results], check=True)
        subprocess.run(["mount", "-o", "remount,ro", results], check=True)
        assert place.planned() == {}
        done = place.snakemake("--forcerun", "score", check=False)
        assert done.returncode != 0
        assert "Write-protected output files" in done.stderr
        subprocess.run(["mount", "-o", "remount,rw", results], check=True)
        (results / "tiny/report.html").unlink()
        subprocess.run(["mount", "-o", "remount,ro", results], check=True)
        done = place.snakemake(check=False)
        assert done.returncode != 0
        assert "error: results: can't be written; make it writable" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,rw", results], check=True)
        place.snakemake()
        same_files(place, finished)


# Without them root meets the same refusals as any user.
RIGHTS = "-dac_override,-dac_read_search,-fowner"
AS_USER = ["setpriv", "--bounding-set", RIGHTS, "--inh-caps", RIGHTS]


def without_rights(place, *arguments, **environment):
    """Runs snakemake as one who may not write everywhere; what it says."""
    return subprocess.run(
        [*AS_USER, *place.command(*arguments)],
        cwd=place.path,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.root
def test_a_home_that_can_not_be_written(copied, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    only = ["--forcerun", "draw_training", "--until", "draw_training"]
    gone = {"XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    done = without_rights(copied, *only, HOME=str(home), **gone)
    assert done.returncode == 0, done.stderr
    assert not list(home.iterdir())
    log = (copied.path / "results/tiny/logs/draw_training/conv5.log").read_text()
    assert "not a writable directory" not in log


@pytest.mark.root
@pytest.mark.parametrize(
    ("refusing", "line"),
    [
        (".", "error: {here}: Permission denied; make it writable and run again"),
        ("results/tiny/figures", "error: results/tiny/figures: can't be written; make it writable"),
        ("results/tiny/logs", "error: results/tiny/logs: can't be written; make it writable"),
    ],
)
def test_a_folder_that_can_not_be_written_is_named_before_the_first_job(copied, refusing, line):
    if refusing == ".":
        shutil.rmtree(copied.path / ".snakemake")
    folder = copied.path / refusing
    for place in [folder, *(path for path in folder.rglob("*") if refusing != ".")]:
        place.chmod(place.stat().st_mode & ~0o222)
    only = ["--forcerun", "draw_training", "--until", "draw_training"]
    done = without_rights(copied, *only)
    assert done.returncode != 0
    assert line.format(here=copied.path) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_limit_of_file_sizes_ends_in_one_line_without_a_traceback(copied):
    only = ["--forcerun", "export_features", "--until", "export_features"]
    limited = ["prlimit", "--fsize=20000", *copied.command(*only)]
    done = subprocess.run(limited, cwd=copied.path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    advice = "File too large; raise the limit on file sizes and run again"
    assert f"error: results/tiny/features/conv5.parquet: {advice}" in done.stderr
    assert "Traceback" not in done.stderr


def damage(path, cut):
    """Cuts a file or flips a byte of it, with its time kept, as a bad disk or a crash leaves it."""
    times, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 0x40
    path.write_bytes(content[: len(content) // 2] if cut else content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_damaged_and_lost_results_are_made_again_though_the_report_is_younger(copied, finished):
    results = copied.path / "results/tiny"
    damaged = {
        "images.npy": False,
        "models/conv5/model.safetensors": False,
        "models/conv5/metrics.json": True,
        "neighbours/conv5.npz": True,
        "figures/comparison.pdf": False,
        "report.html": False,
    }
    for name, cut in damaged.items():
        damage(results / name, cut)
    lost = [results / "evidence/conv5.json", results / "cohort.parquet"]
    for path in lost:
        path.unlink()
    planned = copied.planned()
    assert {"assemble_cohort", "train", "compare_models", "write_report"} <= set(planned)
    assert all((results / name).exists() for name in damaged)
    done = copied.snakemake()
    for name in damaged:
        aside = Path(name).name + ".damaged"
        line = f"results/tiny/{name}: not as it was written; it is set aside as {aside}"
        assert line in done.stderr
        (results / name).with_name(aside).unlink()
    assert "results/tiny: results made again: " in done.stderr
    same_files(copied, finished)
    assert copied.planned() == {}


def test_results_without_records_are_taken_or_made_again_by_what_made_them(copied):
    shutil.rmtree(copied.path / ".snakemake")
    for path in sorted((copied.path / "results").rglob("*"), reverse=True):
        os.utime(path)
    assert copied.planned() == {}
    copied.write_config(TINY | {"seed": 7})
    planned = copied.planned()
    assert {"assemble_cohort", "train", "embed"} <= set(planned)


def test_a_second_run_in_the_same_folder_is_told_so(copied, finished):
    first = copied.start("--forcerun", "find_neighbours")
    locks = copied.path / ".snakemake" / "locks"
    while not (locks.is_dir() and any(locks.iterdir())):
        assert first.poll() is None
        time.sleep(0.02)
    second = copied.snakemake("--forcerun", "score", check=False)
    assert second.returncode != 0
    assert "Directory cannot be locked" in second.stderr
    output, _ = first.communicate()
    assert first.returncode == 0, output
    same_files(copied, finished)


def test_a_source_that_loses_files_before_they_are_read(finished, tmp_path):
    place = workspace(tmp_path / "run")
    phantoms = finished.path / "results" / "sources" / "phantoms"
    subprocess.run(["cp", "-rL", phantoms, place.path / "source"], check=True)
    (place.path / "source" / "truth.csv").unlink()
    source = {"kind": "directory", "reader": "ieee8023", "path": "source"}
    place.write_config(TINY | {"sources": {"phantoms": source}})
    place.snakemake("--until", "clean_metadata")
    undisturbed = place.files("tiny")
    # By times alone: a folder that has changed would be obtained again before it is read.
    alone = ["--until", "clean_metadata", "--forcerun", "inspect_images"]
    alone += ["--rerun-triggers", "mtime"]
    lost = sorted((place.path / "source" / "images").iterdir())[:2]
    held = {path: path.read_bytes() for path in lost}
    for path in lost:
        path.unlink()
    place.snakemake(*alone)
    rejected = pd.read_csv(place.path / "results/tiny/rejected.csv").set_index("file")["reason"]
    assert {rejected[f"images/{path.name}"] for path in lost} == {"no such file"}
    for path, data in held.items():
        path.write_bytes(data)
    place.snakemake(*alone)
    assert place.files("tiny") == undisturbed
