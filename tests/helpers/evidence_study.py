"""The files of a synthetic study that the evidence's jobs read, and these jobs' settings.

They serve the workflow as it is, and that of f59c7b9, whose tables and settings differ in names.
"""

import numpy as np
import pandas as pd

from cxr.clustering.cells import CellSettings, StudyCells
from cxr.clustering.grid import DbscanSettings, label_map, sweep_dbscan
from cxr.clustering.ranking import RankingSettings, choose_map, rank
from cxr.core.io import write_json, write_table
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed_runs
from cxr.features.tables import features_table
from tests.helpers.null_features import draw, patients, per_patient

GRID = {
    "eps": [i / 10 for i in range(1, 20)],
    "min_samples": list(range(5, 20)),
    "min_clusters": 3,
    "max_clusters": 8,
    "max_perplexity_share": 1 / 3,
}
CONTROLS = ("untrained", "pixels", "border")
NULLS = {"features": ("gaussian", "copula", "permutation")} | dict.fromkeys(CONTROLS, ("gaussian",))
MINIMUM = {"min_images": 30, "min_patients": 20}
# Texts with so many values, and numbers, as they are recorded of the study of April 2020.
TEXTS = {"country": 14, "view": 3, "sex": 2, "doi": 26, "location": 30, "licence": 2, "format": 2}
NUMBERS = ("age_years", "offset_days", "severity_extent", "severity_opacity", "width", "height")


def write_study(folder, choose, replicates=199):
    """Writes the tables into a folder, and `settings.json` for each version and job.

    Parameters
    ----------
    folder : Path
    choose : "consensus", "dbcv" or "balance"
        What selects a clustering; f59c7b9 knows the last alone.
    replicates : int
        Null simulations of each model, whose results here are random numbers.
    """
    rng, owners = np.random.default_rng(0), patients()
    n = len(owners)
    cohort = pd.DataFrame(
        {
            "image_id": [f"i{i:04d}" for i in range(n)],
            "class": "a",
            "split": rng.choice(["train", "validation", "test"], n),
            "patient_id": owners,
            "split_group": owners,
            "source": "synthetic",
        }
    )
    features = draw("rectified", rng)
    tables = {"cohort": cohort, "features": features_table(cohort, features)}
    tables |= {name: features_table(cohort, draw("rectified", rng)) for name in CONTROLS}
    texts = {k: per_patient([f"{k} {i}" for i in range(m)], rng) for k, m in TEXTS.items()}
    numbers = {name: per_patient(rng.integers(1, 60, 60), rng) for name in NUMBERS}
    tables["metadata"] = pd.DataFrame({"image_id": cohort["image_id"], **texts, **numbers})
    perplexities = [float(p) for p in range(1, n // 3 + 1)]
    tables |= _maps(cohort["image_id"].to_numpy(np.str_), features, perplexities, choose)
    tables["simulations"] = _simulations(rng, replicates)
    for name, table in tables.items():
        write_table(table, folder / f"{name}.parquet")
    write_json(_settings(perplexities, choose), folder / "settings.json")


def _maps(image_ids, features, perplexities, choose):
    """Maps, ranking and clusters."""
    neighbours = find_neighbours(image_ids, features, max(perplexities), 1)
    runs = [(perplexity, seed) for seed in range(2) for perplexity in perplexities]
    maps = embed_runs(neighbours, runs, TsneSettings(), 1)
    cells = sweep_dbscan(maps, DbscanSettings(tuple(GRID["eps"]), tuple(GRID["min_samples"])))
    bounds = {key: GRID[key] for key in ("min_clusters", "max_clusters", "max_perplexity_share")}
    chosen = {"max_outliers": 0.3, "choose": choose}
    settings = CellSettings(tuple(GRID["eps"]), tuple(GRID["min_samples"]), **bounds, **chosen)
    embeddings = maps.to_pandas()
    statistics = StudyCells(embeddings, settings).statistics()
    rules = RankingSettings(**bounds, choose=choose)
    ranking = rank(cells.to_pandas(), len(image_ids), rules, statistics)
    clusters = label_map(*choose_map(embeddings, ranking, "tsne"))
    return {"embeddings": embeddings, "ranking": ranking, "clusters": clusters}


def _simulations(rng, replicates):
    """Results of null simulations, under the names of both versions."""
    names = ("balance_score", "balance", "dbcv", "validity", "agreement", "consensus")
    names += ("feature_dbcv",)
    rows = [
        {"subject": subject, "null": null, "replicate": turn, "sample": 0, "n_clusters": 4}
        for subject, nulls in NULLS.items()
        for null in nulls
        for turn in range(1, replicates + 1)
    ]
    table = pd.DataFrame(rows)
    return table.assign(**{name: rng.uniform(0, 1, len(rows)) for name in names})


def _settings(perplexities, choose):
    """The settings of both jobs in both versions."""
    thresholds = {"alpha": 0.05, "effect": 0.5, "jaccard": 0.75, **MINIMUM}
    grid = {**GRID, "perplexities": perplexities, "initialization": "pca"}
    drawn = {"permutations": 1999, "splits": 20, "seed": 2020, "controls": CONTROLS}
    now = {
        "search": {"grid": {**grid, "choose": choose, "max_outliers": 0.3}, "n_perplexities": 30},
        "sample": {"classes": None, "max_images": 500, "seed": 2020},
    }
    earlier = {
        "search": {**grid, "count": 30},
        "material": {"classes": None, "sample": 500, "seed": 2020},
        "thresholds": thresholds,
    }
    return {
        "repeat_search": {
            "now": {**now, "minimum": MINIMUM, "resamples": 50, "seed": 2020},
            "earlier": {**earlier, "resamples": 50},
        },
        "assess_evidence": {
            "now": {**now, **drawn, "thresholds": thresholds, "within": None},
            "earlier": {**earlier, **drawn},
        },
    }
