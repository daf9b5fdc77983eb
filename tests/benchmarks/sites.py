"""How often clusters are falsely called apart, and sites falsely clusters.

    python tests/benchmarks/sites.py apart     tests down the clusters' tree
    python tests/benchmarks/sites.py within    null simulations within sites

Prints Markdown tables, in some 10 and 20 minutes on one core.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.cases import share  # noqa: E402
from tests.helpers.null_features import GAUSSIANS, SIZES, draw, patients  # noqa: E402

from cxr.evidence.cluster_tree import tree_test  # noqa: E402
from cxr.evidence.levels import levels_within  # noqa: E402
from cxr.evidence.null_models import fit_null  # noqa: E402
from cxr.evidence.search import SearchGrid, search  # noqa: E402
from cxr.evidence.significance import compare_with_null  # noqa: E402

ALPHA, SPLITS, REPLICATES = 0.05, 10, 39
GRID = SearchGrid(
    (10.0, 30.0), tuple(i / 10 for i in range(1, 20)), tuple(range(5, 20, 2)), 3, 8, 1 / 3
)
IMAGES = 170


def long_cloud(rng):
    """One Gaussian, six and three times as wide along two axes."""
    return rng.normal(size=(IMAGES, 8)) * np.array([6, 3, 1, 1, 1, 1, 1, 1])


def wide_table(rng):
    """One Gaussian with more units than images."""
    return rng.normal(size=(90, 400))


def skewed_cloud(rng):
    """Sums of exponential units."""
    return rng.exponential(size=(IMAGES, 30)) @ rng.normal(size=(30, 30)) ** 3


def curved_cloud(rng):
    """A Gaussian along a parabola, which is not log-concave."""
    along = rng.normal(size=(IMAGES, 1))
    return np.hstack([3 * along, 1.5 * along**2, 0.5 * rng.normal(size=(IMAGES, 6))])


CLOUDS = {
    "long": long_cloud,
    "more units than images": wide_table,
    "skewed": skewed_cloud,
    "curved": curved_cloud,
}


def tree_of(features, owners, seed):
    """The clusters that the search finds, and the tests down their tree."""
    labels = search(features, GRID).labels
    return labels, tree_test(features, owners, labels, SPLITS, ALPHA, seed)


def of_one_cloud(draws):
    """How often a split of one cloud is called apart."""
    print("| one cloud | a split is called apart |\n| --- | --- |")
    for kind in (*GAUSSIANS, *CLOUDS):
        alarms = 0
        for seed in range(draws):
            rng = np.random.default_rng(1000 + seed)
            features = draw(kind, rng) if kind in GAUSSIANS else CLOUDS[kind](rng)
            owners = patients() if kind in GAUSSIANS else np.arange(len(features)).astype(str)
            alarms += any(split["apart"] for split in tree_of(features, owners, seed)[1])
        print(f"| {kind} | {share(alarms, draws)} |", flush=True)


def of_groups(draws):
    """How often planted groups are all told apart, and pieces of one group."""
    print("| groups | distance of their centres, SD | all told apart | pieces of one told apart |")
    print("| --- | --- | --- | --- |")
    for groups in (2, 3):
        for shift in (3, 4, 5, 6, 8):
            found = wrong = 0
            for seed in range(draws):
                rng = np.random.default_rng(1000 + seed)
                truth = rng.integers(0, groups, IMAGES)
                features = rng.normal(size=(IMAGES, 16)) + shift * np.eye(3, 16)[truth]
                labels, splits = tree_of(features, np.arange(IMAGES).astype(str), seed)
                main = [np.bincount(truth[labels == k]).argmax() for k in range(labels.max() + 1)]
                sides = [
                    [{main[k] for k in split[side]} for side in ("left", "right")]
                    for split in splits
                    if split["apart"]
                ]
                found += sum(not left & right for left, right in sides) >= groups - 1
                wrong += any(len(left | right) == 1 for left, right in sides)
            cells = (share(found, draws), share(wrong, draws))
            print(f"| {groups} | {shift * 2**0.5:.1f} | {' | '.join(cells)} |", flush=True)


def is_rejected(features, observed, levels, seed):
    """Whether a search is beyond the null simulations within some levels, None for one level."""
    simulate, scores = fit_null(features, patients(), "gaussian", seed, levels), []
    for replicate in range(1, REPLICATES + 1):
        result = search(simulate(np.random.default_rng([seed, replicate])), GRID)
        scores.append((replicate, result.balance_score, result.dbcv, result.agreement))
        columns = ["replicate", "balance_score", "dbcv", "agreement"]
        simulations = pd.DataFrame(scores, columns=columns)
        tested = compare_with_null([observed], simulations)
        # Once a simulation is as good in both statistics, no more of them can make it reject.
        if tested["balance_score"]["reached"] and tested["dbcv"]["reached"]:
            return False
    return tested["p"] <= ALPHA


def of_sites(draws):
    """How often three sites, shifted and scaled, are beyond chance, and groups in all of them."""
    print(
        "| features | sites' shift, SD | groups' shift | null rejected, one level | within sites |"
    )
    print("| --- | --- | --- | --- | --- |")
    owner = np.unique(patients(), return_inverse=True)[1]
    cases = [("low rank", 1.5, 0), ("rectified", 0.5, 0), ("rectified", 1.5, 0)]
    for kind, shift, apart in [*cases, ("rectified", 1.5, 3)]:
        rejected = np.zeros(2, int)
        for seed in range(draws):
            rng = np.random.default_rng([2022, seed])
            site = rng.choice(3, len(SIZES), p=[0.5, 0.3, 0.2])[owner]
            group = rng.integers(0, 3, len(SIZES))[owner]
            features = draw("low rank", rng)
            spread = features.std()
            features += shift * spread * rng.normal(size=(3, features.shape[1]))[site]
            features *= np.array([1, 1.4, 0.8])[site][:, None]
            features += apart * spread * rng.normal(size=(3, features.shape[1]))[group]
            if kind == "rectified":
                features = np.maximum(features - 0.3 * spread, 0)
            fields = pd.DataFrame({"site": site.astype(str)})
            observed = search(features, GRID)
            for place, levels in enumerate((None, levels_within(fields, "site", patients()))):
                rejected[place] += is_rejected(features, observed, levels, seed)
        cells = [share(count, draws) for count in rejected]
        print(f"| {kind} | {shift} | {apart} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["apart", "within"])
    parser.add_argument("--draws", type=int, default=100, help="draws of each kind")
    options = parser.parse_args()
    if options.part == "apart":
        of_one_cloud(options.draws)
        of_groups(options.draws)
    else:
        of_sites(options.draws)
