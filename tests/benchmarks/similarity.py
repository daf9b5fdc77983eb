"""Times the search for similar images against other libraries, and says how much each finds.

    uv pip install --group bench && python tests/benchmarks/similarity.py
    python tests/benchmarks/similarity.py --n 20000 --threads 2

The 36 nearest neighbours of every image, by cosine, and of one new image after the index was
loaded from its file. Recall is the share of the true neighbours of 1,000 images. Every search
runs in a process of its own; peak memory is that of the process. Features are such as a dense
layer gives (64 rectified units of a signal of 12 dimensions, and noise), clusters, and
independent Gaussians, in which neighbours are hardly nearer than anything else: the worst case.
"""

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

K, DIMENSIONS, SAMPLE, QUERIES = 36, 64, 1000, 200


def made_up_features(kind, n):
    """Points of unit length, and some new ones."""
    rng = np.random.default_rng(n)
    n += QUERIES
    if kind == "rectified":
        signal = rng.normal(size=(n, 12)) @ rng.normal(size=(12, DIMENSIONS)) / 3.5
        features = np.maximum(signal + 0.3 * rng.normal(size=(n, DIMENSIONS)), 0)
    elif kind == "clusters":
        features = 3 * rng.normal(size=(50, DIMENSIONS))[rng.integers(0, 50, n)]
        features = features + rng.normal(size=(n, DIMENSIONS))
    else:
        features = rng.normal(size=(n, DIMENSIONS))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    return features[QUERIES:], features[:QUERIES]


class Workflow:
    """The index that `find_similar` makes: a graph, or exact where that finds too little."""

    exact_up_to = 20_000

    def make(self, points, threads):
        from cxr.features.index import IndexSettings, make_index
        from cxr.similarity.space import Space

        n = len(points)
        tie_order = np.random.default_rng(0).permutation(n)
        names = np.char.zfill(np.arange(n).astype(str), 9)
        self.space = Space(names, np.arange(n), points, "cosine", tie_order)
        wanted = IndexSettings(K, self.exact_up_to, 0.98)
        self.index, self.summary = make_index(points, wanted, threads)

    def all(self):
        from cxr.similarity.neighbours import neighbours_of_all

        table = neighbours_of_all(self.space, self.index, K, own_patient=False)
        found = np.array(table["neighbour_id"].to_pylist()).astype(np.int64)
        return found.reshape(-1, K)

    def load(self, path):
        from cxr.features.index import read_index

        self.index.save(path)
        self.index = read_index(path, self.summary)

    def one(self, point):
        return self.index.find(point, K)


class Exact(Workflow):
    """All distances, as `find_similar` computes them for fewer images."""

    exact_up_to = 10**9


class Hnswlib:
    """Malkov's own implementation of the graph; made by one thread, for the same graph again."""

    def make(self, points, threads):
        import hnswlib

        self.points, self.threads = points, threads
        self.index = hnswlib.Index("ip", DIMENSIONS)
        self.index.init_index(len(points), M=16, ef_construction=64, random_seed=0)
        self.index.add_items(points, num_threads=1)
        self.index.set_ef(80)

    def all(self):
        return self.index.knn_query(self.points, K + 1, num_threads=self.threads)[0][:, 1:]

    def load(self, path):
        import hnswlib

        self.index.save_index(str(path))
        self.index = hnswlib.Index("ip", DIMENSIONS)
        self.index.load_index(str(path))
        self.index.set_ef(80)

    def one(self, point):
        return self.index.knn_query(point, K, num_threads=1)[0]


class PyNNDescent:
    """Nearest-neighbour descent, which makes the neighbours of all at once."""

    def make(self, points, threads):
        from pynndescent import NNDescent

        NNDescent(points[:1000], metric="euclidean", n_neighbors=K + 9, random_state=0)  # compiles
        self.start = time.perf_counter()
        self.index = NNDescent(
            points, metric="euclidean", n_neighbors=K + 9, random_state=0, n_jobs=threads
        )

    def all(self):
        return self.index.neighbor_graph[0][:, 1 : K + 1]

    def load(self, path):
        import pickle

        self.index.prepare()
        with path.open("wb") as stream:
            pickle.dump(self.index, stream)
        with path.open("rb") as stream:
            self.index = pickle.load(stream)  # noqa: S301

    def one(self, point):
        return self.index.query(point, k=K)[0]


SEARCHES = {
    "workflow": Workflow,
    "exact": Exact,
    "hnswlib": Hnswlib,
    "pynndescent": PyNNDescent,
}


def true_neighbours(features, rows):
    """The exact neighbours of some images."""
    near = features[rows].astype(np.float64) @ features.T.astype(np.float64)
    near[np.arange(len(rows)), rows] = -np.inf
    return np.argpartition(-near, K, axis=1)[:, :K]


def measure(name, kind, n, threads):
    """One search: seconds, recall, and milliseconds of one query."""
    from cxr.core.job import limited

    features, new = made_up_features(kind, n)
    search = SEARCHES[name]()
    with limited(threads):
        start = time.perf_counter()
        search.make(features, threads)
        start = getattr(search, "start", start)
        found = search.all()
        seconds = time.perf_counter() - start
    rows = np.random.default_rng(1).choice(n, min(SAMPLE, n), replace=False)
    true = true_neighbours(features, rows)
    recall = np.mean([np.isin(t, f).mean() for t, f in zip(true, found[rows], strict=True)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        search.load(path)
        search.one(new[:1])
        times = []
        for point in new:
            start = time.perf_counter()
            search.one(point[None])
            times.append(time.perf_counter() - start)
        size = path.stat().st_size
    return {
        "seconds": seconds,
        "recall": float(recall),
        "query": 1000 * statistics.median(times),
        "megabytes": size / 1e6,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "method": getattr(getattr(search, "summary", None), "method", ""),
    }


def main():
    """Prints a table; each search runs in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kinds", nargs="*", default=["rectified", "clusters", "gaussian"])
    parser.add_argument("--one", nargs=2)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(*args.one, args.n, args.threads)))
        return
    print(f"{args.n:,} x {DIMENSIONS}, {K} neighbours, {args.threads} threads of", end=" ")
    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n")
    print("| features | search | all neighbours, s | recall | one query, ms | file, MB | peak MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind in args.kinds:
        for name in SEARCHES:
            size = ["--n", str(args.n), "--threads", str(args.threads)]
            command = [sys.executable, __file__, "--one", name, kind, *size]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])
            words = f"{name} ({found['method']})" if found["method"] else name
            print(
                f"| {kind} | {words} | {found['seconds']:.1f} | {found['recall']:.4f} "
                f"| {found['query']:.2f} | {found['megabytes']:.0f} | {found['memory']:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
