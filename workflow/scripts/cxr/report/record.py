"""How a study was made: software, config, and the time that each rule took.

The only part of the page that differs between two runs of the same study.
"""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from cxr.core.software import described_commit, package_version
from cxr.planning.benchmarks import read_benchmark

MAPPING, SEQUENCE = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
FEWEST_STEPS = 5  # a shorter list is as clear as a range
LONGEST = 8  # characters of a number that somebody wrote
EXACT = 2**53  # up to here a float of a whole number is that number
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
        "commit": described_commit(),
        "versions": {"Python": platform.python_version(), **_versions()},
        "config": config_text(study),
        "times": _times(benchmarks),
    }


def config_text(study: Mapping[str, Any]) -> str:
    """A config as YAML that reads as it would be written by hand.

    Lists of plain values stand on one line, evenly spaced numbers as `start, stop, step`, and
    numbers are without the last digits of binary arithmetic (0.30000000000000004).
    """
    return yaml.dump(
        _written(dict(study)), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )


class _Dumper(yaml.SafeDumper):
    """Writes lists and ranges of plain values on one line."""


class _Line(list[Any]):
    """A list on one line."""


class _Steps(dict[str, Any]):
    """A range on one line."""


_Dumper.add_representer(
    _Line, lambda dumper, value: dumper.represent_sequence(SEQUENCE, value, flow_style=True)
)
_Dumper.add_representer(
    _Steps, lambda dumper, value: dumper.represent_mapping(MAPPING, value, flow_style=True)
)


def _written(value: Any) -> Any:
    """A value of the config with its numbers, lists and ranges in their short forms."""
    if isinstance(value, Mapping):
        return {key: _written(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        plain = [_written(each) for each in value]
        if any(isinstance(each, list | dict) for each in plain):
            return plain
        return _steps(plain) or _Line(plain)
    if isinstance(value, float):
        short = float(f"{value:.12g}")
        if len(repr(short)) > LONGEST:  # a third stays what it is
            return value
        return int(short) if short.is_integer() and abs(short) < EXACT else short
    return value


def _steps(values: Sequence[Any]) -> _Steps | None:
    """Evenly spaced numbers as the config's own range, None where they are few or are none."""
    if len(values) < FEWEST_STEPS or not all(type(each) in (int, float) for each in values):
        return None
    step = float(f"{(values[-1] - values[0]) / (len(values) - 1):.12g}")
    expected = [values[0] + step * i for i in range(len(values))]
    if step <= 0 or any(abs(a - b) > step * 1e-6 for a, b in zip(values, expected, strict=True)):
        return None
    return _Steps(start=values[0], stop=values[-1], step=int(step) if step.is_integer() else step)


def _versions() -> dict[str, str]:
    # An environment of one rule holds what that rule needs.
    versions = {package: package_version(package) for package in PACKAGES}
    return {package: version for package, version in versions.items() if version}


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
