"""Whether HDBSCAN's clusterings of the maps should vote beside DBSCAN's.

    python tests/benchmarks/votes.py

Prints a Markdown table of the consensus with and without them: its power and its false alarms,
and the agreement of the selected clustering with planted groups. Eight draws of each kind take five
minutes of one core.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.cases import ALPHA, SEARCH, Case  # noqa: E402
from tests.helpers.null_features import KINDS  # noqa: E402

from cxr.clustering.agreement import agreement_by_group, rand_index  # noqa: E402
from cxr.clustering.balance import balance_score  # noqa: E402
from cxr.clustering.dbcv import map_validities  # noqa: E402
from cxr.clustering.hdbscan_tree import hdbscan_labels  # noqa: E402
from cxr.clustering.labellings import label_map_cells  # noqa: E402
from cxr.evidence.null_models import fit_null  # noqa: E402
from cxr.evidence.search import draw_maps, neighbours_for  # noqa: E402

# The fewest with which a test can reject at 5%.
REPLICATES = 19
# Smallest cluster sizes of HDBSCAN as shares of the images, and neighbours of the core distance.
SHARES, MIN_SAMPLES = (0.03, 0.05, 0.08, 0.12, 0.2), 5
DBSCAN, HDBSCAN = 0, 1
# Of each way to count: the weights of the votes of DBSCAN and of HDBSCAN within a perplexity, None
# where every clustering weighs the same, and whose clusterings can be selected.
PRESENT = "DBSCAN alone (present)"
WAYS = {
    PRESENT: ((1, 0), (DBSCAN,)),
    "HDBSCAN votes": (None, (DBSCAN,)),
    "HDBSCAN votes, and can be selected": (None, (DBSCAN, HDBSCAN)),
    "HDBSCAN's votes weigh as much": ((1, 1), (DBSCAN,)),
    "the same, and it can be selected": ((1, 1), (DBSCAN, HDBSCAN)),
    "HDBSCAN alone": ((0, 1), (HDBSCAN,)),
}
PLANTED = [("unequal", 3.0), ("unequal", 4.0), ("unequal", 5.0), ("equal", 3.0), ("equal", 4.0)]


def clusterings(features, grid):
    """All usable clusterings of the maps: labels, perplexities' places, algorithms, DBCV."""
    n = len(features)
    sizes = [max(2, round(share * n)) for share in SHARES]
    bounds = grid.min_clusters, grid.max_clusters
    labels, places, algorithms, validity = [], [], [], []
    for place, xy in enumerate(draw_maps(neighbours_for(features, grid), grid, 0).maps):
        found = np.unique(hdbscan_labels(xy, sizes, MIN_SAMPLES), axis=0)
        counts = found.max(axis=1) + 1
        found = found[(counts >= bounds[0]) & (counts <= bounds[1])]
        cells = label_map_cells(xy, grid.eps, grid.min_samples, *bounds).labels
        for algorithm, rows in ((DBSCAN, cells), (HDBSCAN, found)):
            labels.append(rows)
            places += [place] * len(rows)
            algorithms += [algorithm] * len(rows)
            validity.append(map_validities(xy, rows))
    labels = np.concatenate(labels)
    few = (labels < 0).mean(axis=1) <= grid.max_outliers
    rest = np.array(places)[few], np.array(algorithms)[few], np.concatenate(validity)[few]
    return labels[few], *rest


def select(features, grid):
    """For each way to count the highest consensus, and its clustering's labels."""
    labels, places, algorithms, validity = clusterings(features, grid)
    n_maps = len(grid.usable_perplexities(len(features)))
    if not len(labels):
        return dict.fromkeys(WAYS, (-1.0, np.full(len(features), -1)))
    own = places[:, None] == np.arange(n_maps)
    means, counts = [], []
    for algorithm in (DBSCAN, HDBSCAN):
        groups = np.where(algorithms == algorithm, places, -1)
        by_perplexity = agreement_by_group(labels, groups, n_maps)
        means.append(np.where(own, np.nan, by_perplexity))
        counts.append(np.bincount(groups[groups >= 0], minlength=n_maps))
    best, outliers, balance = {}, (labels < 0).sum(axis=1), balance_score(labels)
    for way, (weights, selectable) in WAYS.items():
        shares = np.array(counts if weights is None else [[w] * n_maps for w in weights], float)
        votes = sum(share * mean for share, mean in zip(shares, means, strict=True))
        agreement = np.nanmean(votes / np.maximum(shares.sum(axis=0), 1), axis=1)
        consensus = (agreement + np.nan_to_num(validity, nan=-1.0)) / 2
        consensus = np.where(np.isin(algorithms, selectable), consensus, -1.0)
        chosen = np.lexsort((outliers, balance, -consensus))[0]
        best[way] = float(consensus[chosen]), labels[chosen]
    return best


def measure(case):
    """For each way to count the p-value, the standard score and the agreement with the groups."""
    features, owners, group = case.draw()
    grid = SEARCH.grid_for(len(owners))
    observed, draw = select(features, grid), fit_null(features, owners, case.null, case.number)
    simulated = [
        select(draw(np.random.default_rng([case.number, replicate, 0])), grid)
        for replicate in range(1, REPLICATES + 1)
    ]
    outcome = {}
    for way, (value, labels) in observed.items():
        values = np.array([each[way][0] for each in simulated])
        outcome[way] = {
            "p": (1 + np.sum(values >= value)) / (1 + REPLICATES),
            "score": (value - values.mean()) / values.std(ddof=1),
            "agreement": np.nan if group is None else rand_index(group, labels.astype(np.int64)),
        }
    return outcome


def paired(outcomes, way, key):
    """The mean difference to the present way, and its standard error, of the same draws."""
    differences = np.array([o[way][key] - o[PRESENT][key] for o in outcomes])
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return f"{differences.mean():+.3f} ± {error:.3f}"


def report(pool, draws):
    """The table, a row a way to count and a kind of features."""
    print("| features | votes | p at most 5% | standard score | difference | ARI | difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind, distance in PLANTED + [(kind, 0.0) for kind in KINDS]:
        cases = [Case(kind, number, distance=distance) for number in range(draws)]
        outcomes = list(pool.map(measure, cases))
        of_way = partial(paired, outcomes)
        for way in WAYS:
            found = [outcome[way] for outcome in outcomes]
            rejected = sum(each["p"] <= ALPHA for each in found)
            cells = [
                f"{kind}, {distance:g}" if distance else kind,
                way,
                f"{rejected} of {draws}",
                f"{np.mean([each['score'] for each in found]):.2f}",
                of_way(way, "score"),
                f"{np.mean([each['agreement'] for each in found]):.3f}" if distance else "",
                of_way(way, "agreement") if distance else "",
            ]
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=8, help="draws of each kind")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.workers) as executor:
        report(executor, options.draws)
