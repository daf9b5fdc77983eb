"""Time and memory of embedding, grid and ranking of the features of 50,000 images.

    python tests/benchmarks/scale.py [--rows 50000] [--cores 2]

Draws the table of features that config/studies/scale.yaml names (a mixture of
Gaussians of unequal sizes, 64 numbers an image), runs the study, and prints
each rule's jobs, seconds and memory.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
STUDY = "config/studies/scale.yaml"
TABLE = ROOT / "results" / "scale-features.parquet"
GROUPS = 8


def draw(rows: int, seed: int = 0) -> pd.DataFrame:
    """Image ids, countries and features of a mixture of Gaussians after a ReLU."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(GROUPS, 3.0))
    group = rng.choice(GROUPS, rows, p=shares)
    centres = rng.normal(0, 1.2, (GROUPS, 64))
    features = np.maximum(centres[group] + rng.normal(size=(rows, 64)), 0).astype(np.float32)
    countries = np.array(["Italy", "Spain", "China", "Brazil"])[rng.integers(0, 4, rows)]
    table = pd.DataFrame(features, columns=[f"unit{k}" for k in range(64)])
    table.insert(0, "image_id", [f"{number:07d}" for number in range(rows)])
    return table.assign(country=countries)


def summarise(folder: Path) -> pd.DataFrame:
    """One row a rule: jobs, seconds in all, seconds of the longest job, largest memory in MB."""
    lines = [
        json.loads(line)
        for path in folder.rglob("*.jsonl")
        for line in path.read_text().splitlines()
    ]
    jobs = pd.DataFrame([(b["rule_name"], b["s"], b["max_rss"]) for b in lines])
    jobs.columns = ["rule", "seconds", "memory"]
    grouped = jobs.groupby("rule")
    return pd.DataFrame(
        {
            "jobs": grouped.size(),
            "seconds": grouped["seconds"].sum().round(1),
            "longest": grouped["seconds"].max().round(1),
            "memory": grouped["memory"].max().round(0),
        }
    ).sort_values("seconds", ascending=False)


def main() -> None:
    """Run the study and print time and memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--cores", default="2")
    options = parser.parse_args()
    TABLE.parent.mkdir(exist_ok=True)
    draw(options.rows).to_parquet(TABLE)
    command = [sys.executable, "-m", "snakemake", "--cores", options.cores, "--configfile", STUDY]
    start = time.monotonic()
    subprocess.run([*command, "--forceall", "--quiet", "all"], cwd=ROOT, check=True)
    wall = time.monotonic() - start
    table = summarise(ROOT / "results" / "scale" / "benchmarks")
    print(table.to_string())
    print(f"{options.rows} rows, {options.cores} cores: {wall / 60:.1f} min from start to end")


if __name__ == "__main__":
    main()
