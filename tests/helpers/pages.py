"""Reports of made-up studies, for tests of the page."""

import shutil
from functools import cache

import numpy as np
import pandas as pd
from PIL import Image

from cxr.clustering.cells import VOTES
from cxr.clustering.grid import GRID
from cxr.clustering.ranking import CELL_KEYS, RankingSettings, rank, ranking_schema
from cxr.core.io import write_csv, write_json, write_table
from cxr.evaluation.comparison import collect_test_predictions, comparison_table
from cxr.evaluation.confounding import confounding_table, confounding_verdict
from cxr.evaluation.external import external_table
from cxr.evaluation.field_study import FieldStudy, main_predictions
from cxr.evaluation.network import evaluate_network
from cxr.evaluation.review import ReviewStudy, review_list
from cxr.evaluation.subgroups import subgroup_table
from cxr.explorer.fields import pack_fields
from cxr.explorer.maps import pack_maps
from cxr.explorer.similar import pack_similar
from cxr.explorer.thumbnails import ALL_UP_TO, SAMPLE, sample, sheets
from cxr.figures import clusters as cluster_figures
from cxr.figures.cohort import flow as flow_figure
from cxr.figures.comparison import comparison as comparison_figure
from cxr.figures.gradcam import panels
from cxr.figures.network import confusion, reliability, training
from cxr.figures.review import review_sheet
from cxr.figures.style import save, save_as
from cxr.figures.votes import votes
from cxr.report.builder import build
from cxr.report.inputs import (
    ANALYSIS,
    EXTERNAL,
    EXTERNAL_BASELINES,
    IMAGES,
    INPUTS,
    SIMILARITY,
    TAGS,
    report_files,
    report_inputs,
)
from cxr.report.settings import ReportSettings
from tests.helpers.report_files import path_of, save_figures
from tests.helpers.sections import draw_similar, metadata_settings, write_metadata

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}$\\frac{1}{2}$&amp;\u202e'
RULES = RankingSettings(min_clusters=2, max_clusters=8, max_perplexity_share=1 / 3)
# What an untagged study of images has, and a tagged one.
PLAIN = frozenset({IMAGES, SIMILARITY})
TAGGED = PLAIN | {TAGS, ANALYSIS, EXTERNAL, EXTERNAL_BASELINES}


def predictions_of(classes):
    """Predictions of twenty images a class, every tenth incorrect."""
    labels = np.repeat(np.arange(len(classes)), 20)
    predicted = np.where(np.arange(len(labels)) % 10 == 9, (labels + 1) % len(classes), labels)
    table = pd.DataFrame({"image_id": [f"i{i:03d}" for i in range(len(labels))]})
    table["class"], table["predicted"] = np.array(classes)[labels], np.array(classes)[predicted]
    table["split"] = np.tile(["train", "validation", "test", "test"], len(labels) // 4)
    for k, name in enumerate(classes):
        table[f"probability_{name}"] = np.where(predicted == k, 0.8, 0.2 / (len(classes) - 1))
    return table, table.set_index("image_id").index.to_series()


def metrics_of(classes):
    return _metrics(tuple(classes))


@cache
def _metrics(classes):
    predictions, patients = predictions_of(classes)
    image_level = predictions.assign(part="random-r1f1", protocol="random")
    owners = pd.DataFrame({"patient_id": patients, "split_group": range(len(patients))})
    return evaluate_network(predictions, image_level, owners, list(classes), seed=0, replicates=20)


def comparison_of(classes, name):
    predictions, patients = predictions_of(classes)
    image_level = predictions.assign(part="random-r1f1", protocol="random")
    networks = {name: collect_test_predictions(predictions, [image_level])}
    baseline = predictions.assign(part="study", protocol="study", baseline="shape")
    return comparison_table(networks, baseline, {name: 1234567}, patients, classes, 0, 20)


def fields_of(classes, text):
    """A network's images with a field that tells the second class, and views that tell nothing."""
    predictions, patients = predictions_of(classes)
    cohort = predictions[["image_id", "class", "split"]]
    fields = pd.DataFrame({text: (cohort["class"] == text).map({True: text, False: None})})
    fields = fields.assign(view=np.tile(["PA", text], len(cohort) // 2))
    fields = fields.set_index(cohort["image_id"])
    folds = cohort[["image_id", "split"]].assign(part="study", protocol="study")
    test = main_predictions(predictions, [])
    return FieldStudy(cohort, fields, folds, test, patients, classes)


def review_of(classes, text):
    """A network's review list, which holds its incorrect predictions and an excluded image."""
    study = fields_of(classes, text)
    cohort = study.cohort.assign(patient_id=text, near_duplicate_group=np.nan)
    images = np.zeros((len(cohort), 8, 8), dtype=np.uint8)
    excluded = {"source": [text], "file": text, "reason": "same bytes under two classes"}
    features = np.zeros((len(cohort), 2))
    return review_list(
        ReviewStudy(cohort, images, features, study.predictions, pd.DataFrame(excluded), classes)
    )


def flow_of(classes, reason):
    removed = [{"reason": reason, "images": 4}] + [
        {"reason": f"reason {i}", "images": 1} for i in range(5)
    ]
    return {
        "steps": [
            {"name": "entries of the sources", "images": 1049, "patients": None, "removed": []},
            {"name": "usable images", "images": 1040, "patients": 12, "removed": removed},
        ],
        "classes": {
            c: {"images": 20, "patients": 9, "train": 12, "validation": 4, "test": 4}
            for c in classes
        },
        "near_duplicate_groups": 3,
    }


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
    table = pd.DataFrame(rng.normal(size=(20, 2)), columns=["x", "y"]).assign(cluster=labels)
    table.insert(0, "image_id", [f"i{i:02d}" for i in range(20)])
    return table


def history_of():
    history = pd.DataFrame({"epoch": [1, 2], "phase": [1, 2], "best": [False, True]})
    history = history.assign(train_loss=[1, 0.5], validation_loss=[0.9, 0.8], train_accuracy=0.5)
    history = history.assign(validation_accuracy=0.6, image_size=32, frozen=False)
    return history.assign(learning_rate=0.1, backbone_learning_rate=0.01)


def countries_of(text):
    return pd.DataFrame({"cluster": [0, 1, -1], text: [5, 6, 0], "unknown": [4, 4, 1]})


def write_cohort(folder, classes, text):
    """The files of a study's images."""
    write_json(flow_of(classes, text), path_of(folder, "flow"))
    source = {"name": text, "origin": text, "url": text, "revision": text, "licence": text}
    source |= {"citation": text, "files": 3, "bytes": 3_000_000, "content_hash": "abc"}
    write_json(source, path_of(folder, "sources"))
    patients = {"image_id": ["a", "b"], "patient_id": ["p", "p"]}
    write_table(pd.DataFrame(patients), path_of(folder, "cohort"))
    removed = {"source": "s", "file": "f", "stage": ["image", "image"], "reason": [text, text]}
    cleaned = {"source": "s", "column": ["age", "view"], "rows": 9, "normalised": 7}
    cleaned |= {"unparsed": [1, 0], "missing": 1, "ambiguous": 0, "examples": [text, None]}
    tables = {
        "rejected": pd.DataFrame(removed),
        "excluded": pd.DataFrame(removed),
        "cleaning": pd.DataFrame(cleaned),
        "quality": pd.DataFrame({"flags": ["aspect text_share", None]}),
        "comparison": comparison_of(classes, text),
    }
    for name, table in tables.items():
        write_csv(table, path_of(folder, name))


def write_network(folder, classes, text):
    """The files of one network."""
    card = {"architecture": text, "parameters": 1234567, "feature_dim": 64, "image_size": 32}
    card |= {"initial_weights": text, "epochs": 2, "best_epoch": 2}
    write_json(card, path_of(folder, "card"))
    write_json(metrics_of(classes), path_of(folder, "metrics"))
    attention = {"in_lungs": [0.4375], "in_border": 0.1, "lung_area": 0.3, "border_area": 0.2}
    write_csv(pd.DataFrame(attention), path_of(folder, "attention"))
    write_csv(history_of(), path_of(folder, "history"))
    study = fields_of(classes, text)
    confounding = confounding_table(study, seed=0, replicates=20, permutations=99)
    write_csv(confounding, path_of(folder, "confounding"))
    write_json(confounding_verdict(confounding, classes), path_of(folder, "confounding_verdict"))
    write_csv(
        subgroup_table(study, 0, replicates=20, permutations=99), path_of(folder, "subgroups")
    )
    write_csv(review_of(classes, text), path_of(folder, "review"))


def write_external(folder, classes, text):
    """The files of a network in an external source, whose images it takes for another class."""
    predictions, patients = predictions_of(classes)
    split_groups = pd.factorize(patients)[0]
    cohort = pd.DataFrame({"image_id": patients, "patient_id": patients})
    cohort = cohort.assign(split_group=split_groups, source=text)
    wrong = predictions.assign(split="external")
    columns = [f"probability_{name}" for name in classes]
    wrong[columns] = wrong[columns[::-1]].to_numpy()
    cohorts = (cohort.reset_index(drop=True),) * 2
    table = external_table(wrong, predictions, cohorts, classes, 0, replicates=20)
    write_csv(table, path_of(folder, "external"))
    write_csv(table.assign(baseline="border"), path_of(folder, "external_baselines"))
    excluded = {"source": [text] * 3, "file": "f", "stage": "cohort", "reason": text}
    write_csv(pd.DataFrame(excluded), path_of(folder, "external_excluded"))


def write_clusters(folder, text, ranking, mapped):
    """The files of one model's clusters."""
    write_csv(countries_of(text), path_of(folder, "countries"))
    write_table(ranking, path_of(folder, "ranking"), schema=ranking_schema(GRID))
    write_table(mapped, path_of(folder, "clusters"))
    write_json(consensus_of(not ranking.empty), path_of(folder, "consensus"))


def draw_images(folder, classes, text, printed=False):
    """The figures of images and networks."""
    metrics = metrics_of(classes)
    panel = {"class": [text], "predicted": text, "correct": False, "rank": 0, "confidence": 0.9}
    pictures = [np.zeros((8, 8, 3), dtype=np.uint8)]
    figures = {
        "flow_figure": flow_figure(flow_of(classes, text)),
        "comparison_figure": comparison_figure(comparison_of(classes, text)),
        "training_figure": training(history_of()),
        "confusion_figure": confusion(metrics),
        "reliability_figure": reliability(metrics),
        "gradcam_figure": panels(pd.DataFrame(panel), pictures, classes, 1),
        "review_figure": review_sheet(review_of(classes, text), {}),
    }
    save_figures(folder, figures, printed)


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


def maps_of(mapped):
    """Three maps of the images of one: t-SNE at perplexity 5 and 15, and PCA."""
    keys = [("tsne", 5.0), ("tsne", 15.0), ("pca", np.nan)]
    of_map = mapped[["image_id", "x", "y"]]
    return pd.concat([of_map.assign(method=m, perplexity=p, seed=0) for m, p in keys])


def write_explorer(folder, text, grid, ranking, mapped, recorded=True):
    """What the page's script shows; without `recorded` nothing is known of the images."""
    ids = mapped["image_id"]
    cohort = pd.DataFrame({"image_id": ids, "class": text, "split": "train"})
    metadata = pd.DataFrame({"image_id": ids, "country": text, "location": text})
    metadata["width"] = np.arange(len(ids), dtype=float)
    explorer = pack_maps(maps_of(mapped), grid, ranking, mapped)
    fields = pack_fields(mapped, cohort, metadata, None) if recorded else []
    explorer |= {"fields": fields, "image_ids": list(ids)}
    explorer |= {"bounds": {"min_clusters": 2, "max_clusters": 8}}
    nearest = {"query_id": ids, "rank": 1, "neighbour_id": np.roll(ids, 1), "distance": 0.25}
    explorer |= {"similar": pack_similar(list(ids), pd.DataFrame(nearest))}
    write_json(explorer, path_of(folder, "explorer"))
    pictures = sheets(np.zeros((len(ids), 16, 16), dtype=np.uint8), range(len(ids)))
    write_json({"image_ids": list(ids), **pictures}, path_of(folder, "thumbnails"))


def write_study(folder, rng, text="viral", parts=PLAIN, recorded=True, printed=False):
    """The files of a study whose names are all `text`, those of its parts."""
    classes = ["normal", text]
    write_cohort(folder, classes, text)
    write_network(folder, classes, text)
    draw_images(folder, classes, text, printed)
    write_maps(folder, rng, text, recorded=recorded, printed=printed)
    if SIMILARITY in parts:
        draw_similar(folder, rng, text, printed)
    if EXTERNAL in parts:
        write_external(folder, classes, text)
    if ANALYSIS in parts:
        write_metadata(folder, text, printed=printed)


def write_maps(folder, rng, text="viral", qualifies=True, recorded=True, printed=False):
    """The files of the study's clusters: two of them, or none."""
    grid, ranking = ranking_of(qualifies)
    mapped = map_of(rng, qualifies)
    write_clusters(folder, text, ranking, mapped)
    write_explorer(folder, text, grid, ranking, mapped, recorded)
    draw_clusters(folder, text, grid, ranking, mapped, printed)


def build_page(folder, text="viral", parts=PLAIN, models=("net",)):
    """The page of the study in a folder; models beside the first are copies of it."""
    for file in INPUTS:
        for model in models if file.per_model else ():
            first = path_of(folder, file.name)
            if first.exists() and model != "net":
                shutil.copy(first, path_of(folder, file.name, model))
    inputs = report_inputs(parts, models, ["source"])
    paths = {
        name: [str(folder / path.format(study="s")) for path in pattern]
        if isinstance(pattern, list)
        else str(folder / pattern.format(study="s"))
        for name, pattern in inputs.items()
    }
    times = [{"rule": text, "jobs": 2, "seconds": 1.5, "memory": 100.0}]
    record = {"commit": text, "versions": {text: text}, "config": text, "times": times}
    settings = ReportSettings(study="s", title=text, question=text)
    if ANALYSIS in parts:
        settings = metadata_settings("s", text)
    return build(report_files(paths, models), settings, record)


def write_page(folder, rng, text="viral", models=("net",), recorded=True):
    """The page of a study whose names are all `text`, its files in a folder.

    Without `recorded`, nothing is known of the images on the map.
    """
    parts = PLAIN if recorded else {IMAGES}
    write_study(folder, rng, text, parts, recorded)
    return build_page(folder, text, parts, models)


def write_large_page(folder, rng, n_images):
    """The page of a study with many images: eight maps of five groups, ten fields, thumbnails."""
    ids = [f"s/{number:06d}.png" for number in range(n_images)]
    group = rng.integers(0, 5, n_images)
    angle = group * 2 * np.pi / 5
    centres = 4 * np.column_stack([np.cos(angle), np.sin(angle)])
    perplexities = [10.0, 20.0, 30.0, 50.0, 70.0, 90.0, 110.0, np.nan]
    keys = [("pca" if np.isnan(p) else "tsne", p) for p in perplexities]
    cells = pd.MultiIndex.from_product([keys, np.arange(1, 20) / 500, range(5, 20)]).to_frame()
    grid = pd.DataFrame(cells[0].tolist(), columns=["method", "perplexity"])
    grid["eps"], grid["min_samples"] = cells[1].to_numpy(), cells[2].to_numpy()
    grid = grid.assign(algorithm="dbscan", seed=0, min_cluster_size=None, n_clusters=5)
    grid["n_outliers"] = grid["balance_score"] = np.arange(len(grid))
    grid["sizes"] = [[n_images // 5] * 5] * len(grid)
    ranking = rank(grid[GRID.names], n_images, RULES)
    table = pd.DataFrame(centres + rng.normal(size=(n_images, 2)), columns=["x", "y"])
    table.insert(0, "image_id", ids)
    embeddings = pd.concat(
        [table.assign(method=method, perplexity=perplexity, seed=0) for method, perplexity in keys]
    )
    mapped = table.assign(cluster=group.astype(np.int32))
    cohort = pd.DataFrame({"image_id": ids, "class": group.astype(str), "split": "train"})
    metadata = pd.DataFrame({"image_id": ids})
    for name, levels in (("country", 30), ("view", 3), ("sex", 2), ("doi", 200), ("location", 100)):
        metadata[name] = [f"{name} {level}" for level in rng.integers(0, levels, n_images)]
    for name in ("offset_days", "severity_extent", "width", "height"):
        metadata[name] = rng.normal(size=n_images)
    draw_clusters(folder, "a", *ranking_of(), map_of(rng))
    draw_images(folder, ["a", "b"], "a")
    write_cohort(folder, ["a", "b"], "a")
    write_network(folder, ["a", "b"], "a")
    write_clusters(folder, "a", ranking[ranking_schema(GRID).names], mapped)
    explorer = pack_maps(embeddings, grid, ranking, mapped)
    explorer |= {"fields": pack_fields(mapped, cohort, metadata, None), "image_ids": ids}
    explorer |= {"bounds": {"min_clusters": 2, "max_clusters": 8}}
    write_json(explorer, path_of(folder, "explorer"))
    selected = sample(mapped, ALL_UP_TO, SAMPLE, 0)
    rough = rng.integers(0, 255, (len(selected), 8, 8)).astype(np.uint8)
    images = np.stack([np.asarray(Image.fromarray(image).resize((64, 64), 2)) for image in rough])
    pictures = sheets(images, range(len(selected)))
    write_json({"image_ids": selected, **pictures}, path_of(folder, "thumbnails"))
    return build_page(folder, "a", {IMAGES})
