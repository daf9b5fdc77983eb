"""How often the verdict is false where the truth is known, and how often it is correct.

    python tests/benchmarks/calibration.py features    features without clusters
    python tests/benchmarks/calibration.py cohorts     phantom cohorts through the whole chain

Prints Markdown tables. `features` takes about 20 minutes on two cores, `cohorts` 50.
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.null_features import KINDS, draw, patients  # noqa: E402
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
from cxr.evidence.verdict import decide  # noqa: E402

# The smallest number of draws that can reject at 5% with two statistics.
REPLICATES = 39
SEARCH = SearchSettings(
    SearchGrid(
        perplexities=(5.0, 10.0, 20.0, 30.0, 40.0, 50.0),
        eps=tuple(i / 10 for i in range(1, 20)),
        min_samples=tuple(range(5, 20)),
        min_clusters=3,
        max_clusters=8,
        max_perplexity_share=1 / 3,
    ),
    n_perplexities=6,
)
THRESHOLDS = Thresholds(**Evidence().thresholds.model_dump())
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


def judge(null, kind, number):
    """One simulated table: whether the null is rejected, and the verdict."""
    owners = patients()
    features = draw(kind, np.random.default_rng([2020, KINDS.index(kind), number]))
    sample = Sample(np.array([f"i{i:03d}" for i in range(len(owners))]), features, owners)
    grid = SEARCH.grid_for(len(owners))
    result = search(features, grid)
    simulations = pd.DataFrame({"balance_score": [], "dbcv": []})
    # Once a simulation is as good in both statistics, no more of them can make the test reject.
    for first in range(1, REPLICATES + 1, 3):
        replicates = range(first, first + 3)
        more = simulate_null(features, owners, grid, null, replicates, number)
        simulations = pd.concat([simulations, more], ignore_index=True)
        tested = compare_with_null(result, simulations)
        if tested["balance_score"]["reached"] and tested["dbcv"]["reached"]:
            return False, "no clusters beyond chance"
    if tested["p"] > THRESHOLDS.alpha:
        return False, "no clusters beyond chance"
    return True, conclude(sample, grid, result, tested)


def conclude(sample, grid, result, tested):
    """The verdict where the null is rejected; nothing is recorded of these images."""
    cell = {"method": "tsne", "algorithm": "dbscan", "reliable": True}
    cell |= {"perplexity": result.perplexity, "n_images": sample.n_images}
    ranking = pd.DataFrame([{**cell, "n_clusters": result.n_clusters}])
    settings = ResamplingSettings(
        resamples=20,
        seed=0,
        minimum=THRESHOLDS.minimum,
        sample=SampleSettings(None, 500, 0),
        search=SEARCH,
    )
    repeats = repeat_searches(sample, [], ranking, settings)
    stability = Stability.of(result.labels, sample.image_ids, repeats)
    document = {
        "insufficient": None,
        "n_clusters": result.n_clusters,
        "nulls": {"gaussian": tested},
        "separation": separation_test(sample.features, sample.patients, grid, 20, 0),
        "stability": stability.summary(),
        "controls": {},
        "explained_by": None,
    }
    return decide(document, THRESHOLDS)["verdict"]


def share(count, total):
    """A share with its exact 95% binomial interval, in percent."""
    from scipy.stats import binomtest

    low, high = binomtest(int(count), int(total)).proportion_ci(0.95, method="exact")
    return f"{count} of {total} ({count / total:.1%}; {low:.1%} to {high:.1%})"


def of_features(draws, workers):
    """The table of features without clusters."""
    print("| features | null | null rejected | verdict `clusters ...` | inconclusive |")
    print("| --- | --- | --- | --- | --- |")
    # Of the nulls that decide nothing a quarter of the draws shows enough.
    cases = [("gaussian", kind, draws) for kind in KINDS]
    cases += [(null, "rectified", draws // 4) for null in ("copula", "permutation")]
    with ProcessPoolExecutor(workers) as pool:
        for null, kind, count in cases:
            verdicts = list(pool.map(partial(judge, null, kind), range(count)))
            rejected = sum(rejects for rejects, _ in verdicts)
            false_clusters = sum(verdict.startswith("clusters") for _, verdict in verdicts)
            inconclusive = sum(verdict.startswith("inconclusive") for _, verdict in verdicts)
            cells = [share(number, count) for number in (rejected, false_clusters, inconclusive)]
            print(f"| {kind} | {null} | {' | '.join(cells)} |", flush=True)


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
    from sklearn.metrics import adjusted_rand_score

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
    parser.add_argument("part", choices=["features", "cohorts"])
    parser.add_argument("--draws", type=int, default=200, help="draws of each kind")
    parser.add_argument("--cohorts", type=int, help="at most so many cohorts of each kind")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if options.part == "features":
        of_features(options.draws, options.workers)
    else:
        of_cohorts(options.workers, options.cohorts)
