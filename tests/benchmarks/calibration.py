"""How often the verdict is false where the truth is known, and how often it is correct.

    python tests/benchmarks/calibration.py features    features of one piece
    python tests/benchmarks/calibration.py planted     features of planted groups
    python tests/benchmarks/calibration.py gates       the same, by test and by choice of clustering
    python tests/benchmarks/calibration.py cohorts     phantom cohorts through the whole chain

Prints Markdown tables. On two cores 100 draws of every kind at 175 images take half an hour, and
`cohorts` 50 minutes.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pandas as pd
import yaml
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.null_features import (  # noqa: E402
    KINDS,
    draw,
    patients,
    plant,
    sizes_of,
)
from tests.helpers.study import workspace  # noqa: E402

from cxr.config.evidence import Evidence  # noqa: E402
from cxr.core.io import read_json, read_table  # noqa: E402
from cxr.evidence.null_search import simulate_null  # noqa: E402
from cxr.evidence.resampling import ResamplingSettings, repeat_searches  # noqa: E402
from cxr.evidence.sample import Sample, SampleSettings  # noqa: E402
from cxr.evidence.search import SearchGrid, SearchSettings, search  # noqa: E402
from cxr.evidence.separation import separation_test  # noqa: E402
from cxr.evidence.significance import compare_with_null  # noqa: E402
from cxr.evidence.stability import Stability  # noqa: E402
from cxr.evidence.thresholds import Thresholds  # noqa: E402
from cxr.evidence.verdict import decide, least_stable  # noqa: E402

# The smallest number of simulations that can reject at 5% with two statistics.
REPLICATES = 39
SEARCH = SearchSettings(
    SearchGrid(
        perplexities=(5.0, 10.0, 20.0, 30.0, 40.0, 50.0),
        eps=tuple(i / 10 for i in range(1, 20)),
        min_samples=tuple(range(5, 20)),
        min_clusters=2,
        max_clusters=8,
        max_perplexity_share=1 / 3,
    ),
    n_perplexities=6,
)
THRESHOLDS = Thresholds(**Evidence().thresholds.model_dump())
# Of planted groups' centres, in standard deviations within a group.
DISTANCES = (2.0, 3.0, 4.0, 5.0, 6.0)
COHORTS = [
    ("one group", {"variants": 1}, 20),
    ("three groups, weak (1)", {"variants": 3, "variant_strength": 1.0}, 3),
    ("three groups, moderate (2)", {"variants": 3, "variant_strength": 2.0}, 3),
    ("three groups, strong (3)", {"variants": 3, "variant_strength": 3.0}, 10),
    (
        "three groups, a hospital each",
        {"variants": 3, "variant_strength": 3.0, "variant_sites": True},
        10,
    ),
]


@dataclass(frozen=True)
class Case:
    """Features with a known truth.

    Attributes
    ----------
    kind : str
        One of `KINDS`, or "equal" or "unequal" groups.
    number : int
        Of the draw.
    n : int
        About so many images.
    distance : float
        Of the groups' centres; 0 for features of one piece.
    """

    kind: str
    number: int
    n: int = 175
    distance: float = 0.0

    def draw(self):
        """Features, patients, and the group of each image, or None."""
        sizes = sizes_of(self.n)
        rng = np.random.default_rng([2020, *self.kind.encode(), self.number])
        if not self.distance:
            return draw(self.kind, rng, sizes), patients(sizes), None
        n_groups = 2 + self.number % 4
        features, group = plant(n_groups, self.distance, rng, sizes, self.kind == "equal")
        return features, patients(sizes), group


def judge(case, null="gaussian", choose="balance", whole=False):
    """What the tests and the verdict say of a case; `whole` runs those that decide nothing too."""
    features, owners, group = case.draw()
    sample = Sample(np.array([f"i{i:05d}" for i in range(len(owners))]), features, owners)
    sampled = replace(SEARCH, grid=replace(SEARCH.grid, choose=choose))
    grid = sampled.grid_for(len(owners))
    result = search(features, grid)
    simulations = simulate_null(features, owners, grid, null, range(1, REPLICATES + 1), case.number)
    tested = compare_with_null([result], simulations)
    outcome = {
        "p": tested["p"],
        "consensus": tested["agreement"]["p"],
        "verdict": "no clusters beyond chance",
        "agreement": None if group is None else adjusted_rand_score(group, result.labels),
        "k_means": None if group is None else _k_means(features, group),
    }
    if tested["p"] <= THRESHOLDS.alpha or whole:
        document = evidence(sample, sampled, result, tested)
        outcome |= {
            "dip": document["separation"]["p"],
            "jaccard": least_stable(document["stability"]),
            "verdict": decide(document, THRESHOLDS)["verdict"],
        }
    return outcome


def _k_means(features, group):
    """How well k-means with the right number finds the groups, as adjusted Rand index."""
    found = KMeans(group.max() + 1, n_init=20, random_state=0).fit_predict(features)
    return adjusted_rand_score(group, found)


def evidence(sample, sampled, result, tested):
    """What the verdict rests on; nothing is recorded of these images."""
    cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True}
    cell |= {"perplexity": result.perplexity, "n_images": sample.n_images}
    ranking = pd.DataFrame([{**cell, "n_clusters": result.n_clusters}])
    settings = ResamplingSettings(
        resamples=20,
        seed=0,
        minimum=THRESHOLDS.minimum,
        sample=SampleSettings(None, sample.n_images, 0),
        search=sampled,
    )
    repeats = repeat_searches(sample, [], ranking, settings)
    grid = sampled.grid_for(sample.n_images)
    return {
        "insufficient": None,
        "n_clusters": result.n_clusters,
        "nulls": {"gaussian": tested},
        "separation": separation_test(sample.features, sample.patients, grid, 20, 0),
        "stability": Stability.of(result.labels, sample.image_ids, repeats).summary(),
        "controls": {},
        "explained_by": None,
    }


def share(count, total):
    """A share with its exact 95% binomial interval, in percent."""
    from scipy.stats import binomtest

    low, high = binomtest(int(count), int(total)).proportion_ci(0.95, method="exact")
    return f"{count} of {total} ({count / total:.1%}; {low:.1%} to {high:.1%})"


def count(outcomes, test):
    """The share of outcomes that pass a test."""
    return share(sum(bool(test(outcome)) for outcome in outcomes), len(outcomes))


def of_features(pool, draws, sizes, choose):
    """The table of features of one piece."""
    print("| images | features | null | null rejected | verdict `clusters ...` | inconclusive |")
    print("| --- | --- | --- | --- | --- | --- |")
    # Of the nulls that decide nothing a quarter of the draws shows enough.
    cases = [(n, "gaussian", kind, draws) for n in sizes for kind in KINDS]
    cases += [(sizes[0], null, "rectified", draws // 4) for null in ("copula", "permutation")]
    for n, null, kind, number in cases:
        outcomes = list(
            pool.map(
                partial(judge, null=null, choose=choose), [Case(kind, i, n) for i in range(number)]
            )
        )
        cells = [
            count(outcomes, lambda o: o["p"] <= THRESHOLDS.alpha),
            count(outcomes, lambda o: o["verdict"].startswith("clusters")),
            count(outcomes, lambda o: o["verdict"].startswith("inconclusive")),
        ]
        print(f"| {n} | {kind} | {null} | {' | '.join(cells)} |", flush=True)


def of_planted(pool, draws, sizes, choose):
    """The table of planted groups, two to five in turn."""
    print(
        "| images | groups | distance | k-means finds (median) | null rejected | verdict "
        "`clusters ...` | inconclusive | agreement with the truth: median | 0.9 or more |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for n, kind, distance in product(sizes, ("unequal", "equal"), DISTANCES):
        cases = [Case(kind, i, n, distance) for i in range(draws)]
        outcomes = list(pool.map(partial(judge, choose=choose), cases))
        cells = [
            f"{np.median([o['k_means'] for o in outcomes]):.2f}",
            count(outcomes, lambda o: o["p"] <= THRESHOLDS.alpha),
            count(outcomes, lambda o: o["verdict"].startswith("clusters")),
            count(outcomes, lambda o: o["verdict"].startswith("inconclusive")),
            f"{np.median([o['agreement'] for o in outcomes]):.2f}",
            count(outcomes, lambda o: o["agreement"] >= 0.9),
        ]
        print(f"| {n} | {kind} | {distance:g} | {' | '.join(cells)} |", flush=True)


GATES = {
    "null": lambda o: o["p"] <= THRESHOLDS.alpha,
    "consensus": lambda o: o["consensus"] <= THRESHOLDS.alpha,
    "dip": lambda o: o["dip"] <= THRESHOLDS.alpha,
    "stable": lambda o: o["jaccard"] >= THRESHOLDS.jaccard,
}
COMBINATIONS = [
    ("null",),
    ("consensus",),
    ("dip",),
    ("stable",),
    ("null", "dip"),
    ("null", "stable"),
    ("null", "dip", "stable"),
    ("consensus", "dip"),
    ("consensus", "stable"),
    ("consensus", "dip", "stable"),
]


def of_gates(pool, draws, sizes, choose):
    """How often each test, and combinations of them, say that there are clusters."""
    kinds = [(kind, 0.0) for kind in KINDS]
    kinds += [(kind, distance) for kind in ("unequal", "equal") for distance in DISTANCES[-3:]]
    print(f"| features | {' | '.join(' + '.join(names) for names in COMBINATIONS)} |")
    print("| --- " * (len(COMBINATIONS) + 1) + "|")
    for kind, distance in kinds:
        cases = [Case(kind, i, sizes[0], distance) for i in range(draws)]
        outcomes = list(pool.map(partial(judge, choose=choose, whole=True), cases))
        passed = [
            sum(all(GATES[name](o) for name in names) for o in outcomes) for names in COMBINATIONS
        ]
        name = f"{kind}, distance {distance:g}" if distance else kind
        cells = [f"{number / draws:.0%}" for number in passed]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def study(name, planted, seed):
    """The config of one cohort."""
    source = {"kind": "synthetic", "patients": 100, "images_per_patient": 1.6, "image_size": 128}
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    # Smoothed labels would draw all images of a class together, whatever group they are of.
    phase = {"epochs": 40, "learning_rate": 0.003, "averaging": 0.95, "keep": "last"}
    return {
        "study": name,
        "seed": seed,
        "sources": {name: {**source, **planted, "seed": seed}},
        "cohort": {**config["cohort"], "image_size": 64},
        "models": {"conv5": {"architecture": "conv5", "training": {"phases": [phase]}}},
        "embedding": {
            "classes": ["COVID-19"],
            "perplexities": {"start": 5, "stop": 50, "step": 5},
        },
        "clustering": {"hdbscan": None},
        "evidence": {
            "replicates": REPLICATES,
            "nulls": ["gaussian"],
            "controls": [],
            "resamples": 20,
            "splits": 10,
        },
    }


def run(workspaces, group, planted, seed):
    """One cohort through the chain: its verdict, and its clusters against the planted groups."""
    name = f"c{COHORTS.index(group)}-{seed}"
    folder = workspaces.get()
    folder.write_config(study(name, planted, seed), f"{name}.yaml")
    target = f"results/{name}/evidence/conv5.json"
    command = [sys.executable, "-m", "snakemake", target, "--cores", "1"]
    command += ["--configfile", f"{name}.yaml"]
    try:
        subprocess.run(command, cwd=folder.path, check=True, capture_output=True)
    finally:
        workspaces.put(folder)
    results = folder.path / "results"
    files = read_table(results / name / "metadata.parquet", ["image_id", "file"])
    clusters = read_table(results / name / "clusters" / "conv5.parquet").merge(files)
    truth = pd.read_csv(results / "sources" / name / "truth.csv").set_index("filename")
    groups = truth.loc[[Path(file).name for file in clusters["file"]], "variant"].to_numpy()
    labels = clusters["cluster"].to_numpy()
    inside = labels >= 0
    document = read_json(folder.path / target)
    return {
        "verdict": document["verdict"]["verdict"],
        "rejected": document["nulls"] is not None
        and document["nulls"]["gaussian"]["p"] <= THRESHOLDS.alpha,
        "explained_by": (document["explained_by"] or {}).get("field"),
        "agreement": adjusted_rand_score(groups[inside], labels[inside]) if inside.any() else 0.0,
        "outliers": 1 - inside.mean(),
    }


def of_cohorts(workers, only):
    """The table of phantom cohorts."""
    print(
        "| planted | null rejected | verdict `clusters ...` | of these explained by | "
        "inconclusive | agreement with the groups (ARI): median, 0.9 or more | outliers |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        workspaces = SimpleQueue()
        for worker in range(workers):
            workspaces.put(workspace(Path(folder) / str(worker)))
        for group in COHORTS:
            words, planted, seeds = group
            seeds = min(seeds, only or seeds)
            jobs = [
                pool.submit(run, workspaces, group, planted, seed) for seed in range(1, seeds + 1)
            ]
            outcomes = [job.result() for job in jobs]
            with_clusters = [a for a in outcomes if a["verdict"].startswith("clusters")]
            fields = pd.Series([a["explained_by"] for a in with_clusters], dtype=object).dropna()
            named = ", ".join(f"{field} {n}" for field, n in fields.value_counts().items())
            good = sum(a["agreement"] >= 0.9 for a in outcomes)
            median = np.median([a["agreement"] for a in outcomes])
            inconclusive = sum(a["verdict"].startswith("inconclusive") for a in outcomes)
            cells = [
                share(sum(a["rejected"] for a in outcomes), seeds),
                share(len(with_clusters), seeds),
                named or "none",
                str(inconclusive),
                f"{median:.2f}, {good} of {seeds}" if planted["variants"] > 1 else "",
                f"{np.mean([a['outliers'] for a in outcomes]):.0%}",
            ]
            print(f"| {words} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=["features", "planted", "gates", "cohorts"])
    parser.add_argument("--choose", choices=["balance", "dbcv", "consensus"], default="balance")
    parser.add_argument("--draws", type=int, default=100, help="draws of each kind")
    parser.add_argument("--images", type=int, nargs="+", default=[175], help="sizes of the draws")
    parser.add_argument("--cohorts", type=int, help="at most so many cohorts of each kind")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.part == "cohorts":
        of_cohorts(options.workers, options.cohorts)
    else:
        tables = {"features": of_features, "planted": of_planted, "gates": of_gates}
        with ProcessPoolExecutor(options.workers) as executor:
            tables[options.part](executor, options.draws, options.images, options.choose)
