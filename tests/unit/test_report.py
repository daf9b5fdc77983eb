"""Figures repeat their bytes, the page holds its inputs' numbers, and text stays text."""

import base64
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from cxr.comparison import compare, gather
from cxr.evaluation import measure_network
from cxr.figures import clusters as cluster_figures
from cxr.figures.cohort import flow as flow_figure
from cxr.figures.comparison import comparison as comparison_figure
from cxr.figures.explanation import panels
from cxr.figures.network import confusion, reliability, training
from cxr.figures.style import save
from cxr.grid import GRID
from cxr.io import write_csv, write_json, write_table, write_text
from cxr.report.builder import ModelFiles, StudyFiles, build
from cxr.report.words import bounds, estimate, points
from cxr.scoring import rank, ranking_schema

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
    return measure_network(own, divided, patients, classes, seed=0, replicates=20)


def comparison_of(classes, name):
    own, patients = predictions_of(classes)
    networks = {name: gather(own, [own.assign(part="random-r1f1", protocol="random")])}
    same = own.assign(part="study", protocol="study", baseline="shape")
    return compare(networks, same, {name: 1234567}, patients, classes, 0, 20)


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
    table.insert(0, "image_id", [f"i{i}" for i in range(20)])
    return table


def history_of():
    history = pd.DataFrame({"epoch": [1, 2], "phase": [1, 2], "best": [False, True]})
    history = history.assign(train_loss=[1, 0.5], validation_loss=[0.9, 0.8], train_accuracy=0.5)
    history = history.assign(validation_accuracy=0.6, image_size=32, frozen=False)
    return history.assign(learning_rate=0.1, body_learning_rate=0.01)


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
    of_study = {"flow": "json", "cohort": "parquet"}
    tables = ("rejected", "cleaning", "quality", "excluded", "comparison")
    of_study |= dict.fromkeys(tables, "csv")
    of_network = {"card": "json", "metrics": "json", "ranking": "parquet", "clusters": "parquet"}
    of_network |= dict.fromkeys(("history", "attention", "countries"), "csv")

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


@pytest.fixture
def study(tmp_path, rng):
    """Writes a study's files and returns a function that builds the page from them."""

    def make(text="viral", qualifies=True, models=("net",)):
        classes = ["normal", text]
        grid, ranking = ranking_of(qualifies)
        mapped = map_of(rng, qualifies)
        write_study(tmp_path, classes, text)
        write_network(tmp_path, classes, text, ranking, mapped)
        figures = draw(tmp_path, classes, text, grid, ranking, mapped)
        files = files_of(tmp_path, figures, models)
        return build(files, study="s", title=text, question=text)

    return make


class Page(HTMLParser):
    """Collects tags, attributes and visible text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        if self.tags and self.tags[-1] != "style":
            self.text.append(data)


def test_hostile_text_stays_text(study):
    page = Page(study(HOSTILE))
    assert "script" not in page.tags
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert {a[2][:14] for a in page.attributes if a[1] == "src"} == {"data:image/svg"}
    assert "".join(page.text).count(HOSTILE) >= 8


def test_hostile_text_in_a_figure_stays_text(study, tmp_path):
    study(HOSTILE)
    for name in ("flow", "confusion", "countries"):
        root = ElementTree.parse(tmp_path / f"{name}.svg").getroot()
        assert not [e for e in root.iter() if e.tag.endswith(("script", "image}", "foreignObject"))]
        text = "".join(root.itertext())
        assert "<script>alert(1)" in text, name


def test_dollars_in_a_figure_are_no_mathematics(study, tmp_path):
    study("$\\frac{1}{2}$")
    for name in ("flow", "confusion", "countries"):
        text = "".join(ElementTree.parse(tmp_path / f"{name}.svg").getroot().itertext())
        assert "$\\frac{1}{2}$" in text, name


def test_the_page_needs_nothing_else_and_is_well_formed(study):
    html = study(models=("one", "two"))
    page = Page(html)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = [value for _, name, value in page.attributes if name == "href"]
    assert {target.removeprefix("#") for target in targets} <= set(ids)
    assert not re.search(r"(src|href)=\"(https?:)?//|url\(|@import", html)
    assert "default-src 'none'" in html
    assert page.tags.count("h1") == 1
    alts = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    assert len(alts) == page.tags.count("img") == 2 + 2 * 8
    assert all(alts)


def test_the_page_says_the_numbers_of_its_inputs(study):
    text = " ".join(" ".join(Page(study()).text).split())
    for words in (
        "1,049",
        "1,234,567 parameters",
        "43.8% lies in the lungs, which are 30.0% of the area",
        "see next to nothing of the lungs: shape.",
        estimate(metrics_of(["normal", "viral"])["splits"]["test"]["roc_auc"]),
        "makes 2 clusters of 9, 10 images with 1 outlier",
        "balance score 17",
        "PCA's best cell scores 70",
    ):
        assert words in text, words


def test_what_is_not_defined_is_said():
    nothing = {"value": None, "low": None, "high": None}
    assert estimate(nothing) == bounds(nothing) == points(nothing) == "not defined"
    assert points({"value": 0.021, "low": -0.01, "high": 0.05}) == "+2.1 (-1.0 to +5.0) points"


def test_the_chosen_cell_is_the_best_reliable_one_and_marked(study):
    html = study()
    rows = re.findall(r'<tr( class="chosen")?><td class="number">(\d+)</td><td>t-SNE', html)
    assert rows == [("", "1"), (' class="chosen"', "2")]


def test_a_grid_without_a_qualifying_cell_is_said_plainly(study):
    text = " ".join(Page(study(qualifies=False)).text)
    assert "No reliable cell of the grid qualifies" in text


def test_pages_and_figures_repeat_their_bytes(study, tmp_path):
    first = study()
    figures = {path.name: path.read_bytes() for path in tmp_path.glob("*.svg")}
    rng = np.random.default_rng(2020)
    again = cluster_figures.clusters(map_of(rng), ranking_of()[1])
    save(again, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == figures["clusters.svg"]
    for name, data in figures.items():
        encoded = base64.b64encode(data).decode()
        assert encoded in first, name
        assert not re.search(rb"<dc:date>|Matplotlib v", data), name


def test_figures_are_180_mm_wide_with_text_as_text(study, tmp_path):
    study()
    for path in tmp_path.glob("*.svg"):
        root = ElementTree.parse(path).getroot()
        assert float(root.get("width").removesuffix("pt")) == pytest.approx(
            180 / 25.4 * 72, abs=0.1
        )
        assert any(element.tag.endswith("}text") for element in root.iter()), path.name


def test_nine_clusters_are_told_apart_by_shape(rng):
    table = pd.DataFrame(rng.normal(size=(90, 2)), columns=["x", "y"])
    table["cluster"] = np.repeat(np.arange(9), 10)
    figure = cluster_figures.clusters(table, ranking_of()[1])
    looks = [
        (tuple(points.get_facecolor()[0]), len(points.get_paths()[0].vertices))
        for points in figure.axes[0].collections
    ]
    assert len(set(looks)) == 9


def test_text_is_written_whole(tmp_path):
    write_text("ü\n", tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == "ü\n".encode()
