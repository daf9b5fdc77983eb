"""Times the grid's parts, and the whole of it, against what people run today.

    python tests/benchmarks/grid.py
    python tests/benchmarks/grid.py --study config/studies/variants-2020.yaml --mirror FOLDER

Every figure is the median of several repeats in a process of its own, ours and
its peers one after the other in one run; peak memory is that of the process,
interpreter and libraries included. Compiled functions are compiled before.
With --study, a study that has run is searched again through Snakemake, from
its features to its grid, beside the loop of a notebook on the same features.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

EPS = np.arange(0.1, 2.0, 0.1)
MIN_SAMPLES = range(5, 20)
PERPLEXITY = 30


def clusters(n):
    """A map with some dense and some loose clusters, on standardised axes."""
    rng = np.random.default_rng(n)
    centres = 4 * rng.normal(size=(max(3, int(np.sqrt(n) / 8)), 2))
    spread = rng.uniform(0.2, 1, size=(n, 1))
    xy = centres[rng.integers(0, len(centres), n)] + spread * rng.normal(size=(n, 2))
    return (xy - xy.mean(axis=0)) / xy.std(axis=0)


def features(n):
    """Features as of a dense layer: 64 rectified units of a 10-dimensional signal."""
    rng = np.random.default_rng(n)
    return np.maximum(rng.normal(size=(n, 10)) @ rng.normal(size=(10, 64)), 0)


def dbscan_ours(n):
    from cxr.clustering.dbscan import sweep_cells

    points = clusters(n)
    return lambda: sweep_cells(points, EPS, MIN_SAMPLES)


def dbscan_pypi(n):
    from dbscan import DBSCAN

    points = clusters(n)
    return lambda: [DBSCAN(points, eps, count) for eps in EPS for count in MIN_SAMPLES]


def dbscan_scikit_learn(n):
    from sklearn.cluster import DBSCAN

    points = clusters(n)
    return lambda: [
        DBSCAN(eps=eps, min_samples=count).fit(points) for eps in EPS for count in MIN_SAMPLES
    ]


def dbscan_hdbscan(n):
    from hdbscan import HDBSCAN

    points = clusters(n)

    def run():
        for count in MIN_SAMPLES:
            tree = HDBSCAN(min_samples=count - 1, approx_min_span_tree=False).fit(points)
            for eps in EPS:
                tree.dbscan_clustering(eps, min_cluster_size=1)

    return run


def tsne_ours(n):
    from cxr.embedding.knn import find_neighbours
    from cxr.embedding.tsne import TsneSettings, embed

    neighbours = find_neighbours(np.arange(n).astype(str), features(n), 128, threads=2)
    return lambda: embed(neighbours, PERPLEXITY, 0, TsneSettings(), 2)


def tsne_opentsne(n):
    from openTSNE import TSNE

    table = features(n)
    return lambda: TSNE(perplexity=PERPLEXITY, n_jobs=2, random_state=0).fit(table)


def tsne_scikit_learn(n):
    from sklearn.manifold import TSNE

    table = features(n).astype(np.float32)
    return lambda: TSNE(perplexity=PERPLEXITY, n_jobs=2, random_state=0).fit_transform(table)


# Stage, sizes, ours, peers; a peer with a limit is not run above it.
STAGES = [
    (
        "DBSCAN, 285 cells",
        [179, 5_000, 50_000, 100_000, 1_000_000],
        dbscan_ours,
        [
            ("dbscan (PyPI), a call a cell", dbscan_pypi, 100_000),
            ("scikit-learn, a fit a cell", dbscan_scikit_learn, 5_000),
            ("hdbscan, a tree cut a cell", dbscan_hdbscan, 5_000),
        ],
    ),
    (
        "t-SNE, one map",
        [179, 1_000, 2_000, 5_000],
        tsne_ours,
        [
            ("openTSNE, its default", tsne_opentsne, 5_000),
            ("scikit-learn", tsne_scikit_learn, 5_000),
        ],
    ),
]
SOLVERS = {
    solver.__name__: solver
    for _, _, ours, peers in STAGES
    for solver in (ours, *(peer for _, peer, _ in peers))
}


def measure(name, n, repeats):
    """Median seconds and peak memory (MB) of one solver at one size, in a fresh process."""
    command = [sys.executable, __file__, "--solver", name, "--n", str(n), "--repeats", str(repeats)]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(child.stdout.splitlines()[-1])
    return statistics.median(figures["seconds"]), figures["peak_mb"]


def solve(name, n, repeats):
    """The child of `measure`: prints its figures as JSON."""
    SOLVERS[name](min(n, 179))()  # compiles
    run = SOLVERS[name](n)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "peak_mb": peak_memory()}))


def peak_memory():
    """The most memory that this process has held, MB.

    Linux's own count is of this program; getrusage's starts from the parent's.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def row(stage, n, ours, peer, peer_name):
    """A line of the table."""
    seconds, memory = ours
    left = f"| {stage} | {n:,} | {seconds:.3g} s, {memory:.0f} MB | "
    if peer is None:
        return f"{left}{peer_name} | |"
    return f"{left}{peer_name}: {peer[0]:.3g} s, {peer[1]:.0f} MB | {peer[0] / seconds:.1f} |"


def compare_stages(repeats):
    """Prints a line for each size and peer as soon as it is known."""
    for stage, sizes, ours, peers in STAGES:
        for n in sizes:
            reference = measure(ours.__name__, n, repeats)
            compared = [peer for peer in peers if n <= peer[2]]
            if not compared:
                print(row(stage, n, reference, None, "none is run at this size"), flush=True)
            for name, peer, _ in compared:
                measured = measure(peer.__name__, n, 1 if n > 50_000 else min(repeats, 3))
                print(row(stage, n, reference, measured, name), flush=True)


NOTEBOOK = """
import sys
import numpy as np
import pandas as pd
from sklearn.cluster import DBSCAN
from sklearn.manifold import TSNE
table = pd.read_parquet(sys.argv[1])
if sys.argv[2]:
    table = table[table["class"].isin(sys.argv[2].split("|"))]
features = table.filter(regex=r"^f\\d+$").to_numpy()
for perplexity in range(1, len(features)):
    xy = TSNE(perplexity=perplexity).fit_transform(features)
    xy = (xy - xy.mean(axis=0)) / xy.std(axis=0)
    for eps in np.arange(0.1, 2.0, 0.1):
        for min_samples in range(5, 20):
            DBSCAN(eps=eps, min_samples=min_samples).fit(xy)
"""


def seconds_of(command):
    """Wall-clock seconds of a command, which must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return time.perf_counter() - start


def compare_whole(study, mirror, repeats):
    """The study's grid through Snakemake beside a notebook's loop over the same features."""
    import yaml

    config = yaml.safe_load(study.read_text(encoding="utf-8"))
    model = next(iter(config["models"]))
    table = ROOT / "results" / config["study"] / "features" / f"{model}.parquet"
    if not table.is_file():
        sys.exit(f"error: {table} is missing; run the study first")
    snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(study)]
    snakemake += ["--config", f"mirror={mirror}"] if mirror else []
    steps = ["--forcerun", "find_neighbours", "--until", "sweep"]
    seconds = statistics.median(seconds_of([*snakemake, *steps]) for _ in range(repeats))
    classes = "|".join(config.get("embedding", {}).get("classes") or [])
    loop = seconds_of([sys.executable, "-c", NOTEBOOK, str(table), classes])
    print(
        f"| whole grid of {config['study']}, features to cells | | {seconds:.3g} s, with "
        f"Snakemake's start and four kinds of jobs | scikit-learn's TSNE and DBSCAN in a loop: "
        f"{loop:.3g} s | {loop / seconds:.1f} |"
    )


def machine():
    """One line on the hardware and the software."""
    import numba
    import openTSNE
    import sklearn

    cpu = platform.processor() or "unknown"
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].split(":")[1].strip() if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores of {cpu}, {memory:.0f} GiB; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, numba {numba.__version__}, scikit-learn {sklearn.__version__}, "
        f"openTSNE {openTSNE.__version__}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, help="config of a study that has run")
    parser.add_argument("--mirror", type=Path, help="its mirror")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--solver", choices=sorted(SOLVERS), help=argparse.SUPPRESS)
    parser.add_argument("--n", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.solver:
        solve(options.solver, options.n, options.repeats)
        return
    print(f"{machine()}\n")
    print("| stage | n | ours | peer | times as fast |")
    print("| --- | --- | --- | --- | --- |")
    compare_stages(options.repeats)
    if options.study:
        compare_whole(options.study.resolve(), options.mirror, min(options.repeats, 3))


if __name__ == "__main__":
    main()
