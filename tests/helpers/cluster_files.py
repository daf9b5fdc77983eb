"""The files and figures of the clusters in made-up reports."""

from dataclasses import asdict

import numpy as np
import pandas as pd

from cxr.clustering.cells import VOTES
from cxr.clustering.grid import GRID
from cxr.clustering.ranking import CELL_KEYS, RankingSettings, rank, ranking_schema
from cxr.core.io import write_csv, write_json, write_table
from cxr.explorer.control_maps import pack_control_maps
from cxr.explorer.fields import fields_of, pack_fields
from cxr.explorer.galleries import pack_galleries
from cxr.explorer.maps import pack_maps
from cxr.explorer.packing import pack_texts
from cxr.explorer.similar import pack_similar
from cxr.explorer.thumbnails import sheets
from cxr.features.index import IndexSummary
from cxr.figures import clusters as cluster_figures
from cxr.figures.style import save, save_as
from cxr.figures.votes import votes
from tests.helpers.report_files import path_of

RULES = RankingSettings(min_clusters=2, max_clusters=8, max_perplexity_share=1 / 3)


def ranking_of(qualifies=True):
    keys = ["method", "perplexity", "seed", "eps", "min_samples", "n_clusters", "n_outliers"]
    cells = [("tsne", 5.0, 0, 0.4, 5, 2, 1), ("tsne", 15.0, 0, 0.5, 5, 2, 0)]
    cells += [("pca", np.nan, 0, 0.7, 6, 2, 3)]
    grid = pd.DataFrame(cells, columns=keys).assign(
        algorithm="dbscan", min_cluster_size=None, balance_score=[17, 3, 70]
    )
    grid["sizes"] = [[9, 10], [10, 10], [8, 9]]
    if not qualifies:
        grid["n_clusters"] = 1
    statistics = grid[CELL_KEYS].assign(
        agreement=[0.75, 0.5, np.nan], dbcv=[0.55, 0.25, np.nan], consensus=[0.65, 0.375, np.nan]
    )
    return grid[GRID.names], rank(grid, 20, RULES, statistics)[ranking_schema(GRID).names]


def votes_of(qualifies=True):
    """Two clusterings of perplexity 5 and one of 6, or none; columns as in `VOTES`."""
    rows = [(5.0, 2, 0.75, [None, 0.75]), (5.0, 3, 0.25, [None, 0.25]), (6.0, 2, 0.5, [0.5, None])]
    table = pd.DataFrame(rows, columns=["perplexity", "n_clusters", "agreement", "by_perplexity"])
    table = table.assign(seed=0, eps=0.4, min_samples=5, n_cells=1, n_outliers=1)
    return table[VOTES.names].iloc[: len(table) if qualifies else 0]


def consensus_of(qualifies=True):
    """The vote on the selected clustering of a study that chose by its balance score."""
    if not qualifies:
        empty = {"perplexities": 2, "clusterings": 0, "n_clusters": {}}
        return {"choose": "balance", **empty, "selected": None, "consensus": None}
    return {
        "choose": "balance",
        "perplexities": 2,
        "clusterings": 3,
        "n_clusters": {"2": 0.75, "3": 0.25},
        "selected": {"agreement": 0.75, "consensus": 0.65, "clustered": 0.875, "outliers": 0.125},
        "consensus": {
            "perplexity": 6.0,
            "eps": 0.3,
            "min_samples": 5,
            "n_clusters": 2,
            "n_outliers": 1,
            "sizes": [15, 4],
            "agreement": 0.9375,
            "consensus": 0.75,
            "adjusted_rand": 0.625,
        },
    }


def map_of(rng, qualifies=True):
    labels = [0] * 9 + [1] * 10 + [-1] if qualifies else [-1] * 20
    apart = 20 * np.array(labels)[:, None]
    table = pd.DataFrame(rng.normal(size=(20, 2)) + apart, columns=["x", "y"])
    table["cluster"] = labels
    table.insert(0, "image_id", [f"i{i:02d}" for i in range(20)])
    return table


def countries_of(text):
    return pd.DataFrame({"cluster": [0, 1, -1], text: [5, 6, 0], "unknown": [4, 4, 1]})


def maps_of(mapped):
    """Three maps of the images of one: t-SNE at perplexity 5 and 15, and PCA."""
    keys = [("tsne", 5.0), ("tsne", 15.0), ("pca", np.nan)]
    of_map = mapped[["image_id", "x", "y"]]
    return pd.concat([of_map.assign(method=m, perplexity=p, seed=0) for m, p in keys])


def write_clusters(folder, text, ranking, mapped):
    """The files of one model's clusters."""
    write_csv(countries_of(text), path_of(folder, "countries"))
    write_table(ranking, path_of(folder, "ranking"), schema=ranking_schema(GRID))
    write_table(mapped, path_of(folder, "clusters"))
    write_json(consensus_of(not ranking.empty), path_of(folder, "consensus"))
    write_json(asdict(IndexSummary("exact", None, 1.0, 0)), path_of(folder, "nearest"))


def galleries_of(mapped, fields, text):
    """Galleries of clusters that a field distinguishes, and of a class that is never wrong."""
    columns = {"field": ["country"], "missing": "level", "measure": "cramers_v"}
    tests = pd.DataFrame(columns | {"effect": 0.5, "q": 0.01})
    predictions = mapped[["image_id"]].assign(split="test", predicted=text, probability_a=0.75)
    return pack_galleries(mapped, fields, tests, predictions.assign(**{"class": text}), 0.05)


def write_explorer(folder, text, grid, ranking, mapped, recorded=True):
    """What the page's script shows; without `recorded` nothing is known of the images."""
    ids = mapped["image_id"]
    cohort = pd.DataFrame({"image_id": ids, "class": text, "split": "train"})
    metadata = pd.DataFrame({"image_id": ids, "country": text, "location": text})
    metadata["width"] = np.arange(len(ids), dtype=float)
    explorer = pack_maps(maps_of(mapped), grid, ranking, mapped)
    fields = fields_of(mapped, cohort, metadata) if recorded else mapped[[]]
    explorer |= {"fields": pack_fields(fields), "image_ids": list(ids)}
    explorer |= {"galleries": galleries_of(mapped, fields, text)}
    explorer |= {"controls": pack_control_maps(mapped, mapped.iloc[:15].assign(subject="pixels"))}
    if recorded:
        explorer |= {"patients": pack_texts(pd.Series([f"{text} {i // 2}" for i in range(20)]))}
    explorer |= {"bounds": {"min_clusters": 2, "max_clusters": 8}}
    nearest = {"query_id": ids, "rank": 1, "neighbour_id": np.roll(ids, 1), "distance": 0.25}
    explorer |= {"similar": pack_similar(list(ids), pd.DataFrame(nearest))}
    write_json(explorer, path_of(folder, "explorer"))
    pictures = sheets(np.zeros((len(ids), 16, 16), dtype=np.uint8), range(len(ids)))
    write_json({"image_ids": list(ids), **pictures}, path_of(folder, "thumbnails"))


def draw_clusters(folder, text, grid, ranking, mapped, printed=False):
    """The figures of clusters, of which the page shows three."""
    voting = grid.assign(perplexity=[5.0, 6.0, np.nan])
    figures = {
        "maps": cluster_figures.maps(mapped, mapped, ranking, "balance"),
        "cells": cluster_figures.cells(grid, ranking, 1 / 3, "balance"),
        "votes": votes(votes_of(not ranking.empty), voting, ranking, 1 / 3),
        "clusters": cluster_figures.clusters(mapped, ranking, "balance"),
        "countries": cluster_figures.countries(countries_of(text)),
    }
    for name, fig in figures.items():
        path = path_of(folder, "maps_figure").with_name(f"net.{name}.svg")
        (save if printed else save_as)(fig, path)


def write_maps(folder, rng, text="viral", qualifies=True, recorded=True, printed=False):
    """The files of the study's clusters: two of them, or none."""
    grid, ranking = ranking_of(qualifies)
    mapped = map_of(rng, qualifies)
    write_clusters(folder, text, ranking, mapped)
    write_explorer(folder, text, grid, ranking, mapped, recorded)
    draw_clusters(folder, text, grid, ranking, mapped, printed)
