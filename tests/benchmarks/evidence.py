"""How fast the evidence's searches and jobs are, beside an earlier version of this workflow.

    git worktree add ../earlier f59c7b9
    pip install --no-deps --target ../earlier/workflow/scripts diptest
    python tests/benchmarks/evidence.py --earlier ../earlier

Both versions do the same in turn, on one core and the grid of the study of April 2020: one null
simulation, the search on half of the patients, on one map as in the repetitions, and the whole
jobs that repeat the search and assess the evidence, with all that Python imports. The jobs' input
is synthetic (`tests/helpers/evidence_study.py`). Prints a Markdown table of the medians of the
processor's time, and the mean divergence of the maps. The earlier version needs `diptest`.
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

from tests.helpers.evidence_study import write_study  # noqa: E402
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
# A job as its rule runs it: the script's `main`, in a process of its own.
JOB = """
import importlib.util, json, os, sys, time
from pathlib import Path
from types import SimpleNamespace

class Files(SimpleNamespace):
    def get(self, name, default=None):
        return getattr(self, name, default)

scripts, folder, job = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
is_now = (scripts / "assess_evidence.py").exists()
settings = json.loads((folder / "settings.json").read_text())[job]["now" if is_now else "earlier"]
script = job if is_now or job == "repeat_search" else "weigh_evidence"
spec = importlib.util.spec_from_file_location(script, scripts / f"{script}.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
tables = {path.stem: str(path) for path in folder.glob("*.parquet")}
lists = {name: [tables[name]] for name in ("embeddings", "simulations")}
controls = [tables[name] for name in settings.get("controls", [])]
input = Files(**tables | lists | {"controls": controls, "draws": [tables["simulations"]]})
names = ("evidence.json", "associations.csv", "maps.parquet", "repeats.parquet")
output = Files(**{name.split(".")[0]: sys.argv[4] + "/" + name for name in names})
module.main(input, output, settings)
print(json.dumps(time.process_time()))
"""
TASKS = {"null simulation": 5, "half of the patients": 5, "one map": 40}


def run(folder, code, *arguments):
    """What a version prints, as JSON; one thread."""
    environment = os.environ | {"PYTHONPATH": str(folder / "workflow" / "scripts")}
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return json.loads(subprocess.check_output(command, env=environment, text=True))


def time_searches(folder, versions, features, rounds):
    """Seconds of each search in each version."""
    path = folder / "features.npy"
    np.save(path, features)
    for task, repeats in TASKS.items():
        seconds = {name: [] for name in versions}
        for _ in range(rounds):
            for name, version in versions.items():
                seconds[name] += run(version, WORKER, path, task, repeats)
        yield task, seconds
    means = {name: statistics.mean(run(code, MAPS, path)) for name, code in versions.items()}
    print(f"mean divergence: {means['earlier']:.4f} earlier, {means['now']:.4f} now\n")


def time_jobs(folder, versions, rounds):
    """Seconds of each job in each version."""
    write_study(folder, "balance")
    for job in ("repeat_search", "assess_evidence"):
        seconds = {name: [] for name in versions}
        for turn in range(rounds + 1):
            for name, version in versions.items():
                written = folder / name
                written.mkdir(exist_ok=True)
                scripts = version / "workflow" / "scripts"
                spent = run(version, JOB, scripts, folder, job, written)
                # The first run compiles.
                seconds[name] += [spent] if turn else []
        (folder / "now" / "repeats.parquet").replace(folder / "repeats.parquet")
        yield job, seconds


def main(earlier, images, rounds):
    versions = {"earlier": earlier, "now": ROOT}
    rows = ["| task | earlier, s | now, s | times as fast |", "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as name:
        features = draw("rectified", np.random.default_rng(0))[:images]
        searches = time_searches(Path(name), versions, features, rounds)
        for task, seconds in (*searches, *time_jobs(Path(name), versions, rounds)):
            before, after = (statistics.median(seconds[version]) for version in versions)
            rows.append(f"| {task} | {before:.4f} | {after:.4f} | {before / after:.2f} |")
    print("\n".join(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--earlier", type=Path, required=True, help="a checkout of that version")
    parser.add_argument("--images", type=int, default=174)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    main(options.earlier.resolve(), options.images, options.rounds)
