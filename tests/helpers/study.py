"""Folders with the workflow in them, where small studies run."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

from cxr.core.paths import ROOT
from tests.helpers.forked import run_snakemake

PARTS = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")
CORES = str(min(2, os.cpu_count() or 1))

MAPS = ("neighbours", "embeddings", "grid", "ranking", "clusters", "countries")
# Measured times, the only files that no two runs have alike.
TIMED = {
    "models/conv5/timing.json",
    "training_times.csv",
    "figures/training_times.pdf",
    "figures/training_times.svg",
}

TINY = {
    "study": "tiny",
    "sources": {
        "phantoms": {
            "kind": "synthetic",
            "patients": 14,
            "images_per_patient": 1.5,
            "image_size": 96,
            "variants": 2,
        }
    },
    "cohort": {
        "classes": {
            "COVID-19": {"findings": ["COVID-19"]},
            "bacterial": {"findings": ["bacterial pneumonia"]},
            "normal": {"findings": ["No finding"]},
            "viral": {"findings": ["viral pneumonia"]},
        },
        "image_size": 48,
    },
    "models": {
        "conv5": {
            "architecture": "conv5",
            "training": {"phases": [{"epochs": 2, "batch_size": 16}]},
        }
    },
    "embedding": {
        "perplexities": [5, 10, 25],
        "classes": ["COVID-19", "viral"],
        "chunk": {"perplexities": 20, "seeds": 1},
    },
    "clustering": {
        "eps": {"start": 0.2, "stop": 1.0, "step": 0.2},
        "min_samples": [3, 5],
        "min_clusters": 2,
    },
    "evidence": {
        "controls": ["pixels"],
        "nulls": ["gaussian"],
        "perplexities": 2,
        "permutations": 99,
        "replicates": 19,
        "resamples": 10,
        "splits": 5,
        "thresholds": {"alpha": 0.1},
    },
    "similarity": {"baselines": ["pixels"], "folds": None},
}


@dataclass
class Workspace:
    """A folder with the workflow in it, where a study runs."""

    path: Path
    environment: dict[str, str] | None = None

    def command(self, *arguments, config="study.yaml"):
        """The command line of snakemake, on a profile's cluster or on the cores here."""
        command = [sys.executable, "-m", "snakemake", *arguments]
        command += [] if {"--profile", "--cores"} & set(arguments) else ["--cores", CORES]
        return [*command, "--configfile", config] if config else command

    def start(self, *arguments, config="study.yaml"):
        """Starts snakemake here and returns the process."""
        return subprocess.Popen(
            self.command(*arguments, config=config),
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def snakemake(self, *arguments, config="study.yaml", check=True):
        """Runs snakemake here and returns the finished process, its output as text."""
        command = self.command(*arguments, config=config)
        done = run_snakemake(command[3:], self.path, self.environment)
        if check and done.returncode:
            raise AssertionError(f"snakemake failed:\n{done.stdout}\n{done.stderr}")
        return done

    def write_config(self, config, name="study.yaml"):
        """Writes a study's config, in the order of its keys."""
        (self.path / name).write_text(yaml.safe_dump(config, sort_keys=False))

    def planned(self, config=None, *arguments):
        """The rules that a dry run would run, with their numbers of jobs."""
        if config is not None:
            self.write_config(config, "changed.yaml")
        name = "study.yaml" if config is None else "changed.yaml"
        output = self.snakemake("--dry-run", "--quiet", "rules", *arguments, config=name)
        text = output.stdout + output.stderr
        counts = re.findall(r"^(\w+) +(\d+)$", text, re.MULTILINE)
        return {rule: int(n) for rule, n in counts if rule not in ("all", "total")}

    def files(self, study):
        """The files of a study by relative path, less logs, benchmarks and receipts."""
        without = ("logs", "benchmarks", "receipts")
        folder = self.path / "results" / study
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.relative_to(folder).parts[0] not in without
        }


def workspace(path, environment=None):
    """A new workspace with a copy of the workflow."""
    path.mkdir(parents=True)
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, path / part, ignore=ignore)
        else:
            shutil.copy(source, path / part)
    return Workspace(path, environment)


def copy_of(finished, path, environment=None):
    """A copy of a finished run with times kept, where a test may change things."""
    shutil.copytree(finished.path, path, symlinks=True)
    return Workspace(path, environment)


def scripts_in(folder):
    """The processes that run rules' scripts in a folder: the rule by the process's number."""
    rules = {}
    for process in psutil.process_iter():
        try:
            script = re.search(r"scripts/tmp\w+\.(\w+)\.py", " ".join(process.cmdline()))
            if script and process.cwd() == str(folder):
                rules[process.pid] = script[1]
        except psutil.Error:
            continue
    return rules


def without_maps(place):
    """Removes the maps of a finished study and what was made from them."""
    results = place.path / "results" / "tiny"
    for folder in MAPS:
        for file in [path for path in (results / folder).rglob("*") if path.is_file()]:
            file.unlink()
    (results / "report.html").unlink()


def same_files(place, finished):
    """Asserts that the tiny study's files are those of an undisturbed run, byte for byte."""
    ours, theirs = place.files("tiny"), finished.files("tiny")
    assert set(ours) == set(theirs)
    page = "report.html"
    ours[page], theirs[page] = untimed(ours[page]), untimed(theirs[page])
    assert {name for name in ours if ours[name] != theirs[name]} <= TIMED


def untimed(page):
    """A report without the times of its rules."""
    without, n_tables = re.subn(rb'<details id="times">.*?</details>', b"", page, flags=re.DOTALL)
    assert n_tables == 1
    return without
