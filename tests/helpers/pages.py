"""Reports of made-up studies, for tests of the page."""

from dataclasses import replace

import numpy as np
import pandas as pd
from PIL import Image

from cxr.clustering.grid import GRID
from cxr.clustering.ranking import rank, ranking_schema
from cxr.core.io import write_csv, write_json, write_table
from cxr.evaluation.comparison import collect_test_predictions, comparison_table
from cxr.evaluation.network import evaluate_network
from cxr.explorer.fields import pack_fields
from cxr.explorer.maps import pack_maps
from cxr.explorer.similar import pack_similar
from cxr.explorer.thumbnails import MOST, SAMPLE, sample, sheets
from cxr.figures import clusters as cluster_figures
from cxr.figures.cohort import flow as flow_figure
from cxr.figures.comparison import comparison as comparison_figure
from cxr.figures.gradcam import panels
from cxr.figures.network import confusion, reliability, training
from cxr.figures.style import save
from cxr.report.builder import build
from cxr.report.content import ModelFiles, StudyFiles, Words
from tests.helpers.sections import draw_similar, write_metadata

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}$\\frac{1}{2}$&amp;\u202e'
RULES = {"min_clusters": 2, "max_clusters": 8, "max_perplexity_share": 1 / 3}


def predictions_of(classes):
    """Predictions of twenty images a class, every tenth wrong."""
    labels = np.repeat(np.arange(len(classes)), 20)
    called = np.where(np.arange(len(labels)) % 10 == 9, (labels + 1) % len(classes), labels)
    table = pd.DataFrame({"image_id": [f"i{i:03d}" for i in range(len(labels))]})
    table["class"], table["predicted"] = np.array(classes)[labels], np.array(classes)[called]
    table["split"] = np.tile(["train", "validation", "test", "test"], len(labels) // 4)
    for k, name in enumerate(classes):
        table[f"probability_{name}"] = np.where(called == k, 0.8, 0.2 / (len(classes) - 1))
    return table, table.set_index("image_id").index.to_series()


def metrics_of(classes):
    own, patients = predictions_of(classes)
    divided = own.assign(part="random-r1f1", protocol="random")
    owners = pd.DataFrame({"patient_id": patients, "split_group": range(len(patients))})
    return evaluate_network(own, divided, owners, classes, seed=0, replicates=20)


def comparison_of(classes, name):
    own, patients = predictions_of(classes)
    networks = {
        name: collect_test_predictions(own, [own.assign(part="random-r1f1", protocol="random")])
    }
    same = own.assign(part="study", protocol="study", baseline="shape")
    return comparison_table(networks, same, {name: 1234567}, patients, classes, 0, 20)


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
    return grid[GRID.names], rank(grid, 20, **RULES)[ranking_schema(GRID).names]


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


def write_study(folder, classes, text):
    """The files of a study but those of its networks."""
    write_json(flow_of(classes, text), folder / "flow.json")
    source = {"name": text, "origin": text, "url": text, "revision": text, "licence": text}
    source |= {"citation": text, "files": 3, "bytes": 3_000_000, "content_hash": "abc"}
    write_json(source, folder / "source.json")
    patients = {"image_id": ["a", "b"], "patient_id": ["p", "p"]}
    write_table(pd.DataFrame(patients), folder / "cohort.parquet")
    out = {"source": "s", "file": "f", "stage": ["image", "image"], "reason": [text, text]}
    cleaned = {"source": "s", "column": ["age", "view"], "rows": 9, "normalised": 7}
    cleaned |= {"unparsed": [1, 0], "missing": 1, "ambiguous": 0, "examples": [text, None]}
    tables = {
        "rejected": pd.DataFrame(out),
        "excluded": pd.DataFrame(out),
        "cleaning": pd.DataFrame(cleaned),
        "quality": pd.DataFrame({"flags": ["aspect text_share", None]}),
        "comparison": comparison_of(classes, text),
    }
    for name, table in tables.items():
        write_csv(table, folder / f"{name}.csv")


def write_network(folder, classes, text, ranking, mapped):
    """The files of one network."""
    card = {"architecture": text, "parameters": 1234567, "feature_dim": 64, "image_size": 32}
    card |= {"initial_weights": text, "epochs": 2, "best_epoch": 2}
    write_json(card, folder / "card.json")
    write_json(metrics_of(classes), folder / "metrics.json")
    attention = {"in_lungs": [0.4375], "in_border": 0.1, "lung_area": 0.3, "border_area": 0.2}
    write_csv(pd.DataFrame(attention), folder / "attention.csv")
    write_csv(history_of(), folder / "history.csv")
    write_csv(countries_of(text), folder / "countries.csv")
    write_table(ranking, folder / "ranking.parquet", schema=ranking_schema(GRID))
    write_table(mapped, folder / "clusters.parquet")


def draw(folder, classes, text, grid, ranking, mapped):
    """Every figure of the page."""
    metrics = metrics_of(classes)
    panel = {"class": [text], "predicted": text, "right": False, "place": 0, "sure": 0.9}
    pictures = [np.zeros((8, 8, 3), dtype=np.uint8)]
    drawn = {
        "flow": flow_figure(flow_of(classes, text)),
        "comparison": comparison_figure(comparison_of(classes, text)),
        "training": training(history_of()),
        "confusion": confusion(metrics),
        "reliability": reliability(metrics),
        "gradcam": panels(pd.DataFrame(panel), pictures, classes, 1),
        "maps": cluster_figures.maps(mapped, mapped, ranking),
        "cells": cluster_figures.cells(grid, ranking, 1 / 3),
        "clusters": cluster_figures.clusters(mapped, ranking),
        "countries": cluster_figures.countries(countries_of(text)),
    }
    for name, figure in drawn.items():
        save(figure, folder / f"{name}.svg")
    return {name: str(folder / f"{name}.svg") for name in drawn}


def files_of(folder, figures, models):
    """The paths of all these, as the page's builder takes them."""
    of_study = {"flow": "json", "cohort": "parquet", "thumbnails": "json"}
    tables = ("rejected", "cleaning", "quality", "excluded", "comparison")
    of_study |= dict.fromkeys(tables, "csv")
    of_network = {"card": "json", "metrics": "json", "ranking": "parquet", "clusters": "parquet"}
    of_network["explorer"] = "json"
    of_network |= dict.fromkeys(("history", "attention", "countries"), "csv")
    if "retrieval" in figures:
        of_network |= {"retrieval": "csv", "groups": "csv", "search": "json", "severity": "json"}

    def paths(kinds):
        return {name: str(folder / f"{name}.{kind}") for name, kind in kinds.items()}

    figures = dict(figures)
    return StudyFiles(
        **paths(of_study),
        flow_figure=figures.pop("flow"),
        comparison_figure=figures.pop("comparison"),
        provenance=[str(folder / "source.json")],
        models=[ModelFiles(name=name, **paths(of_network), figures=figures) for name in models],
    )


def maps_of(mapped):
    """Three maps of the images of one: t-SNE at perplexity 5 and 15, and PCA."""
    keys = [("tsne", 5.0), ("tsne", 15.0), ("pca", np.nan)]
    of_map = mapped[["image_id", "x", "y"]]
    return pd.concat([of_map.assign(method=m, perplexity=p, seed=0) for m, p in keys])


def write_explorer(folder, text, grid, ranking, mapped, recorded):
    """What the page's script shows."""
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
    write_json(explorer, folder / "explorer.json")
    pictures = sheets(np.zeros((len(ids), 16, 16), dtype=np.uint8), range(len(ids)))
    write_json({"image_ids": list(ids), **pictures}, folder / "thumbnails.json")


def write_page(
    folder,
    rng,
    text="viral",
    qualifies=True,
    models=("net",),
    recorded=True,
    tagged=False,
    sparse=False,
):
    """The page of a study whose names are all `text`, its files in a folder.

    Without `recorded`, nothing is known of the images on the map; `tagged` ones are of a CT,
    and have tags and an analysis of their metadata, of which little is known if `sparse`.
    """
    classes = ["normal", text]
    grid, ranking = ranking_of(qualifies)
    mapped = map_of(rng, qualifies)
    write_study(folder, classes, text)
    write_network(folder, classes, text, ranking, mapped)
    write_explorer(folder, text, grid, ranking, mapped, recorded)
    figures = draw(folder, classes, text, grid, ranking, mapped)
    figures |= draw_similar(folder, rng, text) if recorded else {}
    files = files_of(folder, figures, models)
    times = [{"rule": text, "jobs": 2, "seconds": 1.5, "memory": 100.0}]
    record = {"commit": text, "versions": {text: text}, "config": text, "times": times}
    words = Words(study="s", title=text, question=text)
    if tagged:
        paths, told = write_metadata(folder, text, sparse)
        files, words = replace(files, **paths), replace(words, modality="CT", **told)
    return build(files, words, record)


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
    ranking = rank(grid[GRID.names], n_images, **RULES)
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
    figures = draw(folder, ["a", "b"], "a", *ranking_of(), map_of(rng))
    write_study(folder, ["a", "b"], "a")
    write_network(folder, ["a", "b"], "a", ranking[ranking_schema(GRID).names], mapped)
    explorer = pack_maps(embeddings, grid, ranking, mapped)
    explorer |= {"fields": pack_fields(mapped, cohort, metadata, None), "image_ids": ids}
    explorer |= {"bounds": {"min_clusters": 2, "max_clusters": 8}}
    write_json(explorer, folder / "explorer.json")
    chosen = sample(mapped, MOST, SAMPLE, 0)
    rough = rng.integers(0, 255, (len(chosen), 8, 8)).astype(np.uint8)
    images = np.stack([np.asarray(Image.fromarray(one).resize((64, 64), 2)) for one in rough])
    pictures = sheets(images, range(len(chosen)))
    write_json({"image_ids": chosen, **pictures}, folder / "thumbnails.json")
    record = {"commit": None, "versions": {}, "config": "", "times": []}
    files = files_of(folder, figures, ["net"])
    return build(files, Words(study="s", title="t", question="q"), record)
