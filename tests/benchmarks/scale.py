"""Time, memory and verdict of the features of 50,000 images.

    python tests/benchmarks/scale.py [--rows 50000] [--groups 8] [--seed 0] [--cores 2]

Draws the table of features that config/studies/scale.yaml names (a mixture of
Gaussians of unequal sizes, 64 numbers an image), runs the study, and prints
each rule's jobs, seconds and memory, the verdict, and how well the clusters agree with the
planted groups, which are not in the table. One group has no clusters: `clusters ...` is then a
false alarm.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[2]
STUDY = "config/studies/scale.yaml"
TABLE = ROOT / "results" / "scale-features.parquet"


def draw(rows: int, groups: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Image ids, countries and features of a mixture of Gaussians after a ReLU; the groups."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(groups, 3.0))
    group = rng.choice(groups, rows, p=shares)
    centres = rng.normal(0, 1.2, (groups, 64))
    features = np.maximum(centres[group] + rng.normal(size=(rows, 64)), 0).astype(np.float32)
    countries = np.array(["Italy", "Spain", "China", "Brazil"])[rng.integers(0, 4, rows)]
    table = pd.DataFrame(features, columns=[f"unit{k}" for k in range(64)])
    table.insert(0, "image_id", [f"{number:07d}" for number in range(rows)])
    return table.assign(country=countries), group


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


def verdict(folder: Path, groups: pd.Series) -> str:
    """The verdict, the spread over the samples, and the agreement with the planted groups."""
    evidence = json.loads((folder / "evidence" / "drawn.json").read_text())
    clusters = pd.read_parquet(folder / "clusters" / "drawn.parquet")
    agreement = adjusted_rand_score(groups.loc[clusters["image_id"]], clusters["cluster"])
    samples = evidence["samples"] or []
    lines = [
        f"verdict: {evidence['verdict']['verdict']}",
        evidence["verdict"]["sentence"],
        f"p of each sample: {', '.join(format(sample['p'], '.3f') for sample in samples)}",
        f"{evidence['n_clusters']} clusters; adjusted Rand index with the groups: {agreement:.3f}",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run the study and print time, memory and verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", default="2")
    options = parser.parse_args()
    TABLE.parent.mkdir(exist_ok=True)
    drawn, group = draw(options.rows, options.groups, options.seed)
    drawn.to_parquet(TABLE)
    command = [sys.executable, "-m", "snakemake", "--cores", options.cores, "--configfile", STUDY]
    start = time.monotonic()
    subprocess.run([*command, "--forceall", "--quiet", "all"], cwd=ROOT, check=True)
    wall = time.monotonic() - start
    table = summarise(ROOT / "results" / "scale" / "benchmarks")
    print(table.to_string())
    print(verdict(ROOT / "results" / "scale", pd.Series(group, drawn["image_id"])))
    print(f"{options.rows} rows, {options.cores} cores: {wall / 60:.1f} min from start to end")


if __name__ == "__main__":
    main()
