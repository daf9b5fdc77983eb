"""How often the verdict is false where the truth is known, and how often it is correct.

    python tests/benchmarks/calibration.py features    features of one piece
    python tests/benchmarks/calibration.py planted     features of planted groups
    python tests/benchmarks/calibration.py gates       the same, by statistic and by further test
    python tests/benchmarks/calibration.py cohorts     synthetic cohorts through the whole chain

Prints Markdown tables. `cases.py` makes the outcomes of the first three and stores them, so that
they share them and go on where they were interrupted. On two cores 100 draws of every kind at 175
images take an hour, and `cohorts` 50 minutes.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.benchmarks.cases import REPLICATES, Case, measure, p_value, share  # noqa: E402
from tests.helpers.null_features import KINDS, UNITS  # noqa: E402
from tests.helpers.study import workspace  # noqa: E402

from cxr.config.catalogue.null_models import DECIDING  # noqa: E402
from cxr.config.evidence import Evidence  # noqa: E402
from cxr.core.io import read_json, read_table  # noqa: E402
from cxr.evidence.thresholds import Thresholds  # noqa: E402
from cxr.evidence.verdict import is_confirmed, least_stable  # noqa: E402

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


def rejects(*statistics):
    """Whether an outcome's p value by statistics is at most the level, as a function of it."""
    return lambda outcome: p_value(outcome, *statistics) <= THRESHOLDS.alpha


def is_apart(outcome):
    """Whether held-out patients are separated, by the dip test."""
    return outcome["dip"] is not None and outcome["dip"] <= THRESHOLDS.alpha


def agrees(outcome):
    """Whether the agreement alone is beyond the null, or held-out patients are separated."""
    return rejects("agreement")(outcome) or is_apart(outcome)


def is_stable(outcome):
    """Whether every cluster is stable."""
    stability = outcome["stability"]
    return stability is not None and least_stable(stability) >= THRESHOLDS.jaccard


def confirmed(outcome):
    """Whether the clusters are confirmed, as the verdict has it."""
    p = outcome["dip"]
    return p is not None and is_confirmed(p_value(outcome, "agreement"), p, THRESHOLDS.alpha)


def says_clusters(outcome):
    """Whether the verdict says that there are clusters; nothing is recorded of these images."""
    return rejects(DECIDING)(outcome) and confirmed(outcome) and is_stable(outcome)


def says_inconclusive(outcome):
    """Whether the verdict is inconclusive."""
    return rejects(DECIDING)(outcome) and not says_clusters(outcome)


def count(outcomes, test):
    """The share of outcomes that pass a test."""
    return share(sum(bool(test(outcome)) for outcome in outcomes), len(outcomes))


def measured(pool, cases, folder):
    """The outcomes of cases, in their order."""
    return list(pool.map(partial(measure, folder=folder), cases))


def of_features(pool, draws, sizes, choose, folder, kinds, units):
    """The table of features of one piece."""
    print("| images | features | null | null rejected | verdict `clusters ...` | inconclusive |")
    print("| --- | --- | --- | --- | --- | --- |")
    rows = [(n, "gaussian", kind, draws) for n in sizes for kind in kinds]
    if "rectified" in kinds:
        # Of the nulls that decide nothing a quarter of the draws shows enough.
        rows += [(sizes[0], null, "rectified", draws // 4) for null in ("copula", "permutation")]
    for n, null, kind, number in rows:
        cases = [Case(kind, i, n, null=null, choose=choose, units=units) for i in range(number)]
        outcomes = measured(pool, cases, folder)
        cells = [count(outcomes, f) for f in (rejects(DECIDING), says_clusters, says_inconclusive)]
        print(f"| {n} | {kind} | {null} | {' | '.join(cells)} |", flush=True)


def of_planted(pool, draws, sizes, choose, folder):
    """The table of planted groups, two to five in turn."""
    print(
        "| images | groups | distance | k-means finds (median) | null rejected | verdict "
        "`clusters ...` | inconclusive | agreement with the truth: median | 0.9 or more |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for n, kind, distance in product(sizes, ("unequal", "equal"), DISTANCES):
        cases = [Case(kind, i, n, distance, choose=choose) for i in range(draws)]
        outcomes = measured(pool, cases, folder)
        cells = [
            f"{np.median([o['k_means'] for o in outcomes]):.2f}",
            *(count(outcomes, f) for f in (rejects(DECIDING), says_clusters, says_inconclusive)),
            f"{np.median([o['agreement'] for o in outcomes]):.2f}",
            count(outcomes, lambda o: o["agreement"] >= 0.9),
        ]
        print(f"| {n} | {kind} | {distance:g} | {' | '.join(cells)} |", flush=True)


STATISTICS = {
    "balance score or DBCV": ("balance_score", "dbcv"),
    "DBCV": ("dbcv",),
    "agreement": ("agreement",),
    "agreement or DBCV": ("agreement", "dbcv"),
    "consensus": ("consensus",),
}
GATES = {"": [], " + dip": [is_apart], " + stable": [is_stable]}
GATES[" + dip + stable"] = [is_apart, is_stable]
GATES[" + agreement or dip + stable"] = [agrees, is_stable]
GATES[" + confirmed + stable"] = [confirmed, is_stable]


def of_gates(pool, draws, sizes, choose, folder):
    """How often each statistic, alone and with further tests, says that there are clusters."""
    kinds = [(kind, 0.0) for kind in KINDS]
    kinds += [(kind, distance) for kind in ("unequal", "equal") for distance in DISTANCES[1:4]]
    outcomes = {}
    for kind, distance in kinds:
        name = f"{kind}, {distance:g}" if distance else kind
        cases = [Case(kind, i, sizes[0], distance, choose=choose) for i in range(draws)]
        outcomes[name] = measured(pool, cases, folder)
    print(f"| | {' | '.join(outcomes)} |")
    print("| --- " * (len(outcomes) + 1) + "|")
    for (words, statistics), (more, tests) in product(STATISTICS.items(), GATES.items()):
        passes = [rejects(*statistics), *tests]
        cells = [
            f"{np.mean([all(test(o) for test in passes) for o in of_kind]):.0%}"
            for of_kind in outcomes.values()
        ]
        print(f"| {words}{more} | {' | '.join(cells)} |", flush=True)


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
    """The table of synthetic cohorts."""
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
    parser.add_argument("--choose", choices=["balance", "dbcv", "consensus"], default="consensus")
    parser.add_argument("--draws", type=int, default=100, help="draws of each kind")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="of `features`")
    parser.add_argument("--images", type=int, nargs="+", default=[175], help="sizes of the draws")
    parser.add_argument("--units", type=int, default=UNITS, help="of `features`")
    parser.add_argument("--cohorts", type=int, help="at most so many cohorts of each kind")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--outcomes", default="results/calibration", help="folder of the stored outcomes"
    )
    options = parser.parse_args()
    if options.part == "cohorts":
        of_cohorts(options.workers, options.cohorts)
    else:
        features = partial(of_features, kinds=options.kinds, units=options.units)
        tables = {"features": features, "planted": of_planted, "gates": of_gates}
        with ProcessPoolExecutor(options.workers) as executor:
            table = tables[options.part]
            table(executor, options.draws, options.images, options.choose, options.outcomes)
