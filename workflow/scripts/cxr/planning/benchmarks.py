"""What Snakemake measured of each job."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_benchmark(path: Path) -> Iterator[dict[str, Any]]:
    """The measurements in one benchmark file, at least `rule_name` and the seconds `s` of each.

    A line that a killed job left half-written is none.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            yield {**row, "rule_name": str(row["rule_name"]), "s": float(row["s"])}
        except (ValueError, KeyError, TypeError):
            continue
