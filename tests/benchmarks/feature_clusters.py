"""How often HDBSCAN finds clusters in the features themselves, where the truth is known.

    python tests/benchmarks/feature_clusters.py

Prints a Markdown table: how often its DBCV is beyond the null simulations, and its agreement with
planted groups. 40 draws of each kind take five minutes of one core.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.cases import ALPHA, REPLICATES, SEARCH, Case, share  # noqa: E402
from tests.helpers.null_features import KINDS  # noqa: E402

from cxr.clustering.agreement import core_and_outliers  # noqa: E402
from cxr.evidence.feature_clusters import cluster_features  # noqa: E402
from cxr.evidence.null_models import fit_null  # noqa: E402

PLANTED = [(kind, d) for kind in ("unequal", "equal") for d in (3.0, 4.0, 5.0)]


def measure(case):
    """The p-value of the features' DBCV, the clustering, and the planted groups or None."""
    features, owners, group = case.draw()
    found = cluster_features(features, SEARCH.grid)
    draw = fit_null(features, owners, case.null, case.number)
    simulated = [
        cluster_features(draw(np.random.default_rng([case.number, replicate, 0])), SEARCH.grid).dbcv
        for replicate in range(1, REPLICATES + 1)
    ]
    return (1 + np.sum(np.array(simulated) >= found.dbcv)) / (1 + REPLICATES), found, group


def report(draws, images):
    """The table, a row a kind of features."""
    print("| features | p at most 5% | outliers | ARI on clustered images: median |")
    print("| --- | --- | --- | --- |")
    for kind, distance in [(kind, 0.0) for kind in KINDS] + PLANTED:
        outcomes = [measure(Case(kind, i, images, distance)) for i in range(draws)]
        with_groups = [(found, group) for _, found, group in outcomes if group is not None]
        indices = [
            core_and_outliers(group.astype(np.int16), found.labels)[0]
            for found, group in with_groups
        ]
        cells = [
            f"{kind}, {distance:g}" if distance else kind,
            share(sum(p <= ALPHA for p, _, _ in outcomes), draws),
            f"{np.mean([np.mean(found.labels < 0) for _, found, _ in outcomes]):.0%}",
            f"{np.median(indices):.2f}" if indices else "",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=40, help="draws of each kind")
    parser.add_argument("--images", type=int, default=175, help="size of the draws")
    options = parser.parse_args()
    report(options.draws, options.images)
