"""Reports of made-up studies, for tests of the page."""

import shutil

import numpy as np
import pandas as pd
from PIL import Image

from cxr.clustering.grid import GRID
from cxr.clustering.ranking import rank, ranking_schema
from cxr.core.io import write_csv, write_json, write_table
from cxr.explorer.document import explorer_document
from cxr.explorer.thumbnails import ALL_UP_TO, SAMPLE, sample, sheets
from cxr.figures.cohort import flow as flow_figure
from cxr.figures.comparison import comparison as comparison_figure
from cxr.figures.gradcam import panels
from cxr.figures.network import confusion, reliability, training
from cxr.figures.review import review_sheet
from cxr.report.builder import build
from cxr.report.inputs import (
    ANALYSIS,
    EXTERNAL,
    EXTERNAL_BASELINES,
    IMAGES,
    INPUTS,
    NETWORKS,
    SIMILARITY,
    TAGS,
    TEXT,
    ShownModels,
    report_files,
    report_inputs,
)
from cxr.report.settings import ReportSettings
from tests.helpers.cluster_files import (
    RULES,
    draw_clusters,
    map_of,
    ranking_of,
    write_clusters,
    write_maps,
)
from tests.helpers.network_files import (
    comparison_of,
    history_of,
    metrics_of,
    review_of,
    write_external,
    write_network,
)
from tests.helpers.report_files import path_of, save_figures
from tests.helpers.sections import draw_similar, metadata_settings, write_metadata

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}$\\frac{1}{2}$&amp;\u202e'
# What an untagged study of images has, and a tagged one.
PLAIN = frozenset({IMAGES, NETWORKS, SIMILARITY})
TAGGED = PLAIN | {TAGS, TEXT, ANALYSIS, EXTERNAL, EXTERNAL_BASELINES}


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


def write_cohort(folder, classes, text):
    """The files of a study's images."""
    write_json(flow_of(classes, text), path_of(folder, "flow"))
    source = {"name": text, "origin": text, "url": text, "revision": text, "licence": text}
    source |= {"citation": text, "files": 3, "bytes": 3_000_000, "content_hash": "abc"}
    write_json(source, path_of(folder, "sources"))
    of_source = {"source": text, "images": 9, "with_text": 7}
    summary = {"images": 9, "with_text": 7, "sources": [of_source], "warning": f"Words: {text}"}
    write_json(summary, path_of(folder, "burned_in_text"))
    cohort = {"image_id": ["a", "b"], "class": classes, "patient_id": "p", "split": "test"}
    write_table(pd.DataFrame(cohort | {"source": text}), path_of(folder, "cohort"))
    recorded = {"image_id": ["a", "b"], "view": text, "age_years": [41.0, None], text: [text, None]}
    write_table(pd.DataFrame(recorded), path_of(folder, "metadata"))
    removed = {"source": "s", "file": "f", "stage": ["image", "image"], "reason": [text, text]}
    cleaned = {"source": "s", "column": ["age", "view"], "rows": 9, "normalised": 7}
    cleaned |= {"unparsed": [1, 0], "missing": 1, "ambiguous": 0, "examples": [text, None]}
    tables = {
        "rejected": pd.DataFrame(removed),
        "excluded": pd.DataFrame(removed),
        "cleaning": pd.DataFrame(cleaned),
        "quality": pd.DataFrame({"flags": ["aspect saturation", None]}),
        "comparison": comparison_of(classes, text),
    }
    for name, table in tables.items():
        write_csv(table, path_of(folder, name))


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


def build_page(folder, text="viral", parts=PLAIN, models=("net",), encoders=()):
    """The page of the study in a folder; models beside the first are copies of it."""
    for file in INPUTS:
        for model in (*models, *encoders) if file.per_model else ():
            first = path_of(folder, file.name)
            if first.exists() and model != "net":
                shutil.copy(first, path_of(folder, file.name, model))
    shown = ShownModels(networks=models, encoders=encoders)
    inputs = report_inputs(parts, shown, ["source"])
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
    return build(report_files(paths, shown), settings, record)


def write_page(folder, rng, text="viral", models=("net",), recorded=True):
    """The page of a study whose names are all `text`, its files in a folder.

    Without `recorded`, nothing is known of the images on the map.
    """
    parts = PLAIN if recorded else {IMAGES, NETWORKS}
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
    cells = pd.MultiIndex.from_product([keys, np.arange(1, 20) / 20, range(5, 20)]).to_frame()
    grid = pd.DataFrame(cells[0].tolist(), columns=["method", "perplexity"])
    grid["eps"], grid["min_samples"] = cells[1].to_numpy(), cells[2].to_numpy()
    grid = grid.assign(algorithm="dbscan", seed=0, min_cluster_size=None, n_clusters=5)
    grid["n_outliers"] = grid["balance_score"] = np.arange(len(grid))
    grid["sizes"] = [[n_images // 5] * 5] * len(grid)
    ranking = rank(grid[GRID.names], n_images, RULES)
    table = pd.DataFrame(centres + 0.3 * rng.normal(size=(n_images, 2)), columns=["x", "y"])
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
    maps = {"embeddings": embeddings, "grid": grid, "ranking": ranking, "clusters": mapped}
    records = {"cohort": cohort, "metadata": metadata}
    bounds = {"min_clusters": 2, "max_clusters": 8}
    write_json(explorer_document(maps, records, {}, bounds, None), path_of(folder, "explorer"))
    selected = sample(mapped, ALL_UP_TO, SAMPLE, 0)
    rough = rng.integers(0, 255, (len(selected), 8, 8)).astype(np.uint8)
    images = np.stack([np.asarray(Image.fromarray(image).resize((64, 64), 2)) for image in rough])
    pictures = sheets(images, range(len(selected)))
    write_json({"image_ids": selected, **pictures}, path_of(folder, "thumbnails"))
    return build_page(folder, "a", {IMAGES, NETWORKS})
