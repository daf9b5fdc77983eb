"""The verdict on a study whose networks are trained with several seeds.

    python tests/benchmarks/training_seeds.py --mirror FOLDER [--study FILE] [--seeds 0 1 2 3 4]

A seed decides which images of a larger class are drawn, how patients are split, and how the network
is trained. The null model is `gaussian` alone, which the verdict rests on. Prints a Markdown table.
"""

import argparse
import json
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from statistics import median

import pandas as pd
import yaml
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from cxr.core.io import read_table  # noqa: E402


def assess(config, seed, options):
    """The results' folder of the study with a seed, run to its evidence."""
    config = config | {"study": f"{config['study']}-seed{seed}", "seed": seed}
    config["evidence"] = config.get("evidence", {}) | {"nulls": ["gaussian"], "controls": []}
    file = ROOT / "results" / f"{config['study']}.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    (model,) = config["models"]
    folder = ROOT / "results" / config["study"]
    target = folder.relative_to(ROOT) / "evidence" / f"{model}.json"
    command = [sys.executable, "-m", "snakemake", "--cores", options.cores, "--quiet", "all"]
    command += [
        "--configfile",
        str(file),
        "--config",
        f"mirror={options.mirror}",
        "--",
        str(target),
    ]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return folder


def row(seed, folder, model, minutes):
    """A row of the table."""
    found = json.loads((folder / "evidence" / f"{model}.json").read_text())
    null = found["nulls"]["gaussian"]
    consensus = null["consensus"]
    shown = (
        seed,
        found["n_images"],
        found["n_clusters"],
        f"{consensus['observed']:.2f}",
        f"{null['p']:.3f}",
        found["verdict"]["verdict"],
        f"{minutes:.1f}",
    )
    return f"| {' | '.join(map(str, shown))} |"


def agreements(folders, model):
    """Adjusted Rand indices of all pairs of the seeds' clusterings, on the images of both."""
    labels = [
        read_table(folder / "clusters" / f"{model}.parquet").set_index("image_id")["cluster"]
        for folder in folders
    ]
    shared = (pd.concat(pair, axis=1, join="inner") for pair in combinations(labels, 2))
    return [adjusted_rand_score(*pair.to_numpy().T) for pair in shared]


def main():
    """Run the study with every seed and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=ROOT / "config/studies/variants-2020.yaml")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--mirror", type=Path, required=True)
    parser.add_argument("--cores", default="2")
    options = parser.parse_args()
    options.mirror = options.mirror.resolve()
    config = yaml.safe_load(options.study.read_text())
    (model,) = config["models"]
    print("| seed | images | clusters | consensus | p | verdict | minutes |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    folders = []
    for seed in options.seeds:
        start = time.monotonic()
        folders.append(assess(config, seed, options))
        minutes = (time.monotonic() - start) / 60
        print(row(seed, folders[-1], model, minutes), flush=True)
    pairs = agreements(folders, model)
    print(
        f"Clusterings of {len(pairs)} pairs of seeds agree with an adjusted Rand index of "
        f"{min(pairs):.2f} to {max(pairs):.2f}, median {median(pairs):.2f}."
    )


if __name__ == "__main__":
    main()
