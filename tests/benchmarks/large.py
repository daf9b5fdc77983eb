"""False alarms and power of the evidence on many images, by samples of them.

    python tests/benchmarks/large.py [--rows 50000] [--draws 10] [--workers 2]

Features are drawn with and without groups and after a ReLU or not, and the evidence assesses
k-means clusters of them, since their maps would take minutes each. Three samples of 500
images, three perplexities, 39 null simulations, 10 repetitions a kind. Prints a Markdown table.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from sklearn.cluster import MiniBatchKMeans
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.cases import share  # noqa: E402
from tests.helpers.large_study import assess_labels, sampled  # noqa: E402

# Name, groups, standard deviation of their centres in each of 64 units, whether rectified.
CASES = (
    ("one Gaussian", 1, 0.0, False),
    ("one Gaussian, rectified", 1, 0.0, True),
    ("five groups, near", 5, 0.6, True),
    ("five groups", 5, 1.2, True),
)


def judge(number, case, rows):
    """The verdict on one draw, and what it rests on."""
    name, groups, distance, rectified = case
    rng = np.random.default_rng([number, *name.encode()])
    truth = rng.choice(groups, rows, p=rng.dirichlet(np.full(groups, 3.0)))
    features = distance * rng.normal(size=(groups, 64))[truth] + rng.normal(size=(rows, 64))
    features = np.maximum(features, 0) if rectified else features
    labels = MiniBatchKMeans(5, n_init=10, random_state=0).fit_predict(features).astype(np.int32)
    document = assess_labels(features, labels, sampled(500, seed=number))
    return {
        "verdict": document["verdict"]["verdict"],
        "p": document["nulls"]["gaussian"]["p"],
        "samples": [sample["p"] for sample in document["samples"]],
        "dip": document["separation"]["p"],
        "apart": any(split["apart"] for split in document["apart"]),
        "truth": adjusted_rand_score(truth, labels),
    }


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    columns = ("features", "null rejected", "one sample alone rejects", "dip rejects")
    columns += ("a split is called apart", "verdict `clusters ...`", "k-means finds (median)")
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}", flush=True)
    with ProcessPoolExecutor(options.workers) as pool:
        for case in CASES:
            found = list(
                pool.map(partial(judge, case=case, rows=options.rows), range(options.draws))
            )
            tests = [
                [each["p"] <= 0.05 for each in found],
                [p <= 0.05 for each in found for p in each["samples"]],
                [each["dip"] <= 0.05 for each in found],
                [each["apart"] for each in found],
                [each["verdict"].startswith("clusters") for each in found],
            ]
            cells = [share(sum(test), len(test)) for test in tests]
            median = np.median([each["truth"] for each in found])
            print(f"| {case[0]} | {' | '.join(cells)} | {median:.2f} |", flush=True)


if __name__ == "__main__":
    main()
