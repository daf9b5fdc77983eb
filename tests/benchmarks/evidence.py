"""How fast the evidence's searches are, beside an earlier version of this workflow.

    git worktree add ../earlier f59c7b9
    python tests/benchmarks/evidence.py --earlier ../earlier

Both search the same features in turn, on one core and the grid of the study of April 2020: one
null simulation, half of the patients as in the separation test, and one map as in the repetitions.
Prints a Markdown table of the medians, and the mean divergence of the maps.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.null_features import draw  # noqa: E402

# Runs in either version: the earlier one has other names.
WORKER = """
import json, sys, time
import numpy as np

features, task, repeats = np.load(sys.argv[1]), sys.argv[2], int(sys.argv[3])
perplexities = tuple(float(p) for p in np.linspace(1, len(features) // 3, 30).round())
bounds = (3, 8, 1 / 3)
eps, counts = tuple(i / 10 for i in range(1, 20)), tuple(range(5, 20))
try:
    from cxr.evidence.search import SearchGrid, search

    grid = SearchGrid(perplexities, eps, counts, *bounds, "balance")
    run = lambda values, grid, seed: search(values, grid, seed)
except ImportError:
    from cxr.evidence.search import Search, search

    grid = Search(perplexities, eps, counts, *bounds)
    run = lambda values, grid, seed: search(values, grid, seed, validity=task == "null simulation")
if task == "half of the patients":
    features = features[::2]
if task == "one map":
    grid = grid.near(17.0, len(features)) if hasattr(grid, "near") else grid.at(17.0)
run(features, grid, 0)
seconds = []
for seed in range(repeats):
    start = time.process_time()
    run(features, grid, seed)
    seconds.append(time.process_time() - start)
print(json.dumps(seconds))
"""
MAPS = """
import json, sys
import numpy as np

features = np.load(sys.argv[1])
try:
    from cxr.embedding.knn import find_neighbours
    from cxr.embedding.tsne import TsneSettings, embed

    settings = TsneSettings(gradient="exact")
except ImportError:
    from cxr.neighbours import find_neighbours
    from cxr.tsne import Method, embed

    settings = Method(gradient="exact")
neighbours = find_neighbours(np.zeros(len(features), dtype=str), features, 58, 1)
perplexities = np.linspace(1, len(features) // 3, 30).round()
print(json.dumps([embed(neighbours, float(p), 0, settings, 1)[1] for p in perplexities]))
"""
TASKS = {"null simulation": 5, "half of the patients": 5, "one map": 40}


def run(folder, code, *arguments):
    """What a version prints, as JSON; one thread."""
    environment = os.environ | {"PYTHONPATH": str(folder / "workflow" / "scripts")}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return json.loads(subprocess.check_output(command, env=environment, text=True))


def main(earlier, images, rounds):
    versions = {"earlier": earlier, "now": ROOT}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.npy"
        np.save(path, draw("rectified", np.random.default_rng(0))[:images])
        print("| search | earlier, s | now, s | times as fast |")
        print("| --- | --- | --- | --- |")
        for task, repeats in TASKS.items():
            seconds = {name: [] for name in versions}
            for _ in range(rounds):
                for name, version in versions.items():
                    seconds[name] += run(version, WORKER, path, task, repeats)
            before, after = (statistics.median(seconds[name]) for name in versions)
            print(f"| {task} | {before:.4f} | {after:.4f} | {before / after:.2f} |", flush=True)
        means = {
            name: statistics.mean(run(version, MAPS, path)) for name, version in versions.items()
        }
        print(f"\nmean divergence: {means['earlier']:.4f} earlier, {means['now']:.4f} now")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--earlier", type=Path, required=True, help="a checkout of that version")
    parser.add_argument("--images", type=int, default=174)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    main(options.earlier.resolve(), options.images, options.rounds)
