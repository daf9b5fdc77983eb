"""How a study was made: software, config, and the time that each rule took.

The only part of the page that differs between two runs of the same study.
"""

import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from cxr.planning.benchmarks import read_benchmark

PACKAGES = (
    "snakemake",
    "torch",
    "torchvision",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "openTSNE",
    "hdbscan",
    "matplotlib",
    "numpy",
    "scipy",
    "numba",
    "usearch",
)


def run_record(study: Mapping[str, Any], benchmarks: Path) -> dict[str, Any]:
    """The record of how a study was made.

    Parameters
    ----------
    study : mapping
        The whole config, defaults filled in.
    benchmarks : Path
        The folder of the study's benchmarks.

    Returns
    -------
    dict
        `commit` of this software, null outside its repository, with a plus where
        files differ from it; `versions` by package; `config` as YAML; `times`: of
        each rule the `jobs`, their `seconds` together, and the largest `memory` (MB).
    """
    return {
        "commit": _commit(),
        "versions": {"Python": platform.python_version(), **_versions()},
        "config": yaml.safe_dump(dict(study), sort_keys=False, allow_unicode=True),
        "times": _times(benchmarks),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # an environment of one rule holds what that rule needs
            continue
    return versions


def _commit() -> str | None:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty=+"]
    try:
        done = subprocess.run(
            [*command, "--exclude=*", "--abbrev=40"], capture_output=True, text=True, check=False
        )
    except OSError:  # no git here
        return None
    return done.stdout.strip() or None


def _times(benchmarks: Path) -> list[dict[str, Any]]:
    """Jobs and times by rule, the longest first; of a job's runs the last one counts."""
    rules: dict[str, dict[str, Any]] = {}
    for path in sorted(benchmarks.rglob("*.jsonl")):
        for row in list(read_benchmark(path))[-1:]:
            name, memory = row["rule_name"], row.get("max_rss")
            entry = rules.setdefault(name, {"rule": name, "jobs": 0, "seconds": 0.0, "memory": 0.0})
            entry["jobs"] += 1
            entry["seconds"] += row["s"]
            if isinstance(memory, int | float):
                entry["memory"] = max(entry["memory"], float(memory))
    return sorted(rules.values(), key=lambda entry: (-entry["seconds"], entry["rule"]))
