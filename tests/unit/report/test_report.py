"""Figures repeat their bytes, the page holds its inputs' numbers, and text stays text."""

import json
import re
from functools import cache
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from cxr.core.io import write_text
from cxr.figures import clusters as cluster_figures
from cxr.figures.style import save
from cxr.report.formatting import bounds, estimate, points
from cxr.report.pictures import picture
from tests.helpers.pages import HOSTILE, map_of, metrics_of, ranking_of, write_page


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes a study's files and builds its page, once a study; returns the page and the folder."""

    @cache
    def write(*arguments, **named):
        folder = tmp_path_factory.mktemp("study")
        return write_page(folder, np.random.default_rng(2020), *arguments, **named), folder

    return write


@pytest.fixture
def study(written):
    """The page of a study."""
    return lambda *arguments, **named: written(*arguments, **named)[0]


class Page(HTMLParser):
    """Collects tags, attributes and visible text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.scripts = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data):
        if self.tags and self.tags[-1] == "script":
            self.scripts.append(data)
        if self.tags and self.tags[-1] not in ("style", "script"):
            self.text.append(data)


def test_hostile_text_stays_text(study):
    page = Page(study(HOSTILE))
    assert page.tags.count("script") == 2
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert {a[2][:14] for a in page.attributes if a[1] == "src"} == {"data:image/svg"}
    data = page.scripts[0]
    assert json.loads(data)["models"][0]["fields"][0]["levels"] == [HOSTILE]
    assert not re.search("[<>&]", data)
    assert "".join(page.text).count(HOSTILE) >= 8


def test_hostile_text_in_a_figure_stays_text(written):
    _, folder = written(HOSTILE)
    for name in ("flow", "confusion", "countries", "retrieval", "median"):
        root = ElementTree.parse(folder / f"{name}.svg").getroot()
        assert not [e for e in root.iter() if e.tag.endswith(("script", "image}", "foreignObject"))]
        text = "".join(root.itertext())
        assert "<script>alert(1)" in text, name


def test_dollars_in_a_figure_are_no_mathematics(written):
    _, folder = written("$\\frac{1}{2}$")
    for name in ("flow", "confusion", "countries", "retrieval", "median"):
        text = "".join(ElementTree.parse(folder / f"{name}.svg").getroot().itertext())
        assert "$\\frac{1}{2}$" in text, name


def test_the_page_needs_nothing_else_and_is_well_formed(study):
    html = study(models=("one", "two"))
    page = Page(html)
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    targets = [value for _, name, value in page.attributes if name == "href"]
    assert {target.removeprefix("#") for target in targets} <= set(ids)
    assert not re.search(r"(src|href)=\"(https?:)?//|url\((?!%23)|@import", html)
    assert "default-src 'none'" in html
    assert page.tags.count("h1") == 1
    alts = [value for tag, name, value in page.attributes if tag == "img" and name == "alt"]
    assert len(alts) == page.tags.count("img") == 2 + 2 * 10
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
        "Of each image its 5 nearest among 40 images of 20 patients",
        "0.900 (0.800 to 0.950)",
        "too small to tell anything",
    ):
        assert words in text, words


def test_tags_and_metadata_are_shown_where_a_study_has_them(study):
    without = Page(study())
    assert not {"tags", "metadata"} & {
        value for _, name, value in without.attributes if name == "id"
    }
    assert "a radiograph shows" in " ".join(without.text)
    page = Page(study(tagged=True))
    assert {"tags", "metadata"} <= {value for _, name, value in page.attributes if name == "id"}
    text = " ".join(" ".join(page.text).split())
    for words in (
        "a slice of a CT shows",
        "no label at all",
        "0.986",
        "80 images of 40 patients with 2 values",
        "Gaussian naive Bayes",
    ):
        assert words in text, words
    assert "radiograph shows" not in text
    assert "57.0" not in text, "a number written in another way was not changed"
    assert "unchanged" not in text, "nor was a text with a space after it"


def test_hostile_metadata_stay_text(written):
    html, folder = written(HOSTILE, tagged=True)
    page = Page(html)
    assert page.tags.count("script") == 2
    assert not [a for a in page.attributes if a[1].startswith("on")]
    for name in ("tags", "values", "pairs"):
        root = ElementTree.parse(folder / f"{name}_figure.svg").getroot()
        assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject"))]
        assert "<script>alert(1)" in "".join(root.itertext()), name


def test_what_is_not_defined_is_said():
    nothing = {"value": None, "low": None, "high": None}
    assert estimate(nothing) == bounds(nothing) == points(nothing) == "not defined"
    assert points({"value": 0.021, "low": -0.01, "high": 0.05}) == "+2.1 (-1.0 to +5.0) points"


def test_the_chosen_cell_is_the_best_reliable_one_and_marked(study):
    html = study()
    rows = re.findall(r'<tr( class="chosen")?><td class="number">(\d+)</td><td>t-SNE', html)
    assert rows == [("", "1"), (' class="chosen"', "2")]


def test_tags_and_metadata_of_which_little_is_known_have_their_sections(study):
    text = " ".join(Page(study(tagged=True, sparse=True)).text)
    assert "labels occur" in text
    assert "No two of the fields are recorded" in text
    assert "Cramér" in " ".join(Page(study(tagged=True)).text)


def test_a_grid_without_a_qualifying_cell_is_said_plainly(study):
    text = " ".join(Page(study(qualifies=False)).text)
    assert "No reliable cell of the grid qualifies" in text


def test_pages_and_figures_repeat_their_bytes(written, tmp_path):
    first, folder = written()
    figures = {path.name: path.read_bytes() for path in folder.glob("*.svg")}
    rng = np.random.default_rng(2020)
    again = cluster_figures.clusters(map_of(rng), ranking_of()[1])
    save(again, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == figures["clusters.svg"]
    for name, data in figures.items():
        assert name in ("clusters.svg", "countries.svg") or picture(folder / name) in first, name
        assert not re.search(rb"<dc:date>|Matplotlib v", data), name


def test_figures_are_180_mm_wide_with_text_as_text(written):
    _, folder = written()
    for path in folder.glob("*.svg"):
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
