"""Figures repeat their bytes, the page holds its inputs' numbers, and text stays text."""

import re
import shutil
from dataclasses import asdict
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from cxr.core.io import write_json, write_text
from cxr.features.index import IndexSummary
from cxr.figures import clusters as cluster_figures
from cxr.figures.style import save
from cxr.report import content
from cxr.report.formatting import bounds, estimate, points
from cxr.report.pictures import picture
from tests.helpers.cluster_files import consensus_of, countries_of, map_of, ranking_of, write_maps
from tests.helpers.network_files import metrics_of
from tests.helpers.packed import uncompressed
from tests.helpers.pages import HOSTILE, PLAIN, TAGGED, build_page, draw_images, write_study
from tests.helpers.report_files import path_of
from tests.helpers.sections import draw_similar, write_metadata

FORMULA = "$\\frac{1}{2}$"


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """Writes a tagged study's files, once for each text that all its names are."""

    @cache
    def write(text="viral"):
        folder = tmp_path_factory.mktemp("study")
        write_study(folder, np.random.default_rng(2020), text, TAGGED, printed=text == HOSTILE)
        return folder

    return write


@pytest.fixture(scope="module")
def variant(folder_of, tmp_path_factory):
    """Copies the study and writes some of its files in another way."""

    def write(change):
        folder = tmp_path_factory.mktemp("variant") / "study"
        shutil.copytree(folder_of(), folder)
        change(folder)
        return folder

    return write


@pytest.fixture(scope="module", autouse=True)
def _shorten_once():
    """Most figures of the pages are the same: each is shortened once."""
    pictures = {}

    def shortened(path):
        data = Path(path).read_bytes()
        if data not in pictures:
            pictures[data] = picture(path)
        return pictures[data]

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(content.READERS, ".svg", shortened)
        yield


@pytest.fixture(scope="module")
def study(folder_of):
    """The page of a study, built once for each of its variants."""

    @cache
    def build(text="viral", parts=PLAIN, models=("net",)):
        return build_page(folder_of(text), text, parts, models)

    return build


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
    page = Page(study(HOSTILE, TAGGED))
    assert page.tags.count("script") == 2
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert {a[2][:14] for a in page.attributes if a[1] == "src"} == {"data:image/svg"}
    data = page.scripts[0]
    assert uncompressed(data)["models"][0]["fields"][0]["levels"] == [HOSTILE]
    assert not re.search("[<>&]", data)
    assert "".join(page.text).count(HOSTILE) >= 8


def figures_in(folder):
    return sorted(folder.rglob("figures/*.svg"))


def countries_figure(folder):
    """Not on the page, and in Snakemake's own report alone."""
    return path_of(folder, "maps_figure").with_name("net.countries.svg")


def test_hostile_text_in_a_figure_stays_text(folder_of):
    folder = folder_of(HOSTILE)
    names = ("flow_figure", "confusion_figure", "retrieval_figure", "median_figure")
    for path in [*(path_of(folder, name) for name in names), countries_figure(folder)]:
        root = ElementTree.parse(path).getroot()
        assert not [e for e in root.iter() if e.tag.endswith(("script", "image}", "foreignObject"))]
        text = "".join(root.itertext())
        assert "<script>alert(1)" in text, path.name
        assert not set('"<>&') & set(picture(path)), "it stands in an attribute as it is"


def test_dollars_in_a_figure_are_no_mathematics(tmp_path, rng):
    draw_images(tmp_path, ["normal", FORMULA], FORMULA, printed=True)
    draw_similar(tmp_path, rng, FORMULA, printed=True)
    save(cluster_figures.countries(countries_of(FORMULA)), countries_figure(tmp_path))
    names = ("flow_figure", "confusion_figure", "retrieval_figure", "median_figure")
    for path in [*(path_of(tmp_path, name) for name in names), countries_figure(tmp_path)]:
        text = "".join(ElementTree.parse(path).getroot().itertext())
        assert FORMULA in text, path.name


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
    assert len(alts) == page.tags.count("img") == 2 + 2 * 12
    assert all(alts)


def test_the_page_says_the_numbers_of_its_inputs(study):
    text = " ".join(" ".join(Page(study()).text).split())
    for words in (
        "1,049",
        "1,234,567 parameters",
        "43.8% lies in the lungs, which are 30.0% of the area",
        "Of these shape sees next to nothing of the lungs",
        estimate(metrics_of(["normal", "viral"])["splits"]["test"]["roc_auc"]),
        "makes 2 clusters of 9, 10 images with 1 outlier",
        "It has the best balance score, 17",
        "PCA's best cell makes 2 clusters: balance score 70.",
        "with those of other perplexities 0.75; among images that are clustered in both 0.88; "
        "Jaccard index of the outliers 0.12. 3 distinct clusterings vote, of 2 perplexities",
        "most votes are for 2 clusters (75.0%), 3 clusters (25.0%).",
        "The clustering with the highest consensus, 0.75 (agreement 0.94), has 2 clusters of 15, 4 "
        "images with 1 outlier at perplexity 6; adjusted Rand index with the selected one 0.62.",
        "For each image the 5 nearest neighbours among 40 images of 20 patients",
        "0.900 (0.800 to 0.950)",
        "too small to tell anything",
    ):
        assert words in text, words


def test_tags_and_metadata_are_shown_where_a_study_has_them(study):
    without = Page(study())
    assert not {"tags", "metadata"} & {
        value for _, name, value in without.attributes if name == "id"
    }
    page = Page(study(parts=TAGGED))
    assert {"tags", "metadata"} <= {value for _, name, value in page.attributes if name == "id"}
    text = " ".join(" ".join(page.text).split())
    for words in (
        "no label at all",
        "0.986",
        "80 images of 40 patients with 2 values",
        "Gaussian naive Bayes",
    ):
        assert words in text, words
    assert "57.0" not in text, "a number written in another way was not changed"
    assert "unchanged" not in text, "nor was a text with a space after it"


def test_burned_in_text_is_counted_and_its_warning_is_text(study):
    page = study(parts=TAGGED)
    assert "markers were found on 7 of 9 usable images: 7 of 9 of viral." in page
    assert "<strong>Words: viral</strong>" in page
    assert "Burned-in" not in study()
    assert "<strong>Words: &lt;" in study(text=HOSTILE, parts=TAGGED)


def test_a_study_of_features_alone_has_no_section_of_images(folder_of):
    page = Page(build_page(folder_of(), parts=frozenset()))
    ids = {value for _, name, value in page.attributes if name == "id"}
    assert {"summary", "cohort", "explore", "clusters", "evidence", "methods", "glossary"} <= ids
    assert not {"similar", "severity", "confounding", "comparison"} & ids
    text = " ".join(" ".join(page.text).split())
    assert "External features, read from a file" in text
    assert "no network was trained" in text
    assert "virus" not in text


def test_hostile_metadata_stay_text(folder_of):
    for name in ("tags_figure", "values_figure", "pairs_figure"):
        root = ElementTree.parse(path_of(folder_of(HOSTILE), name)).getroot()
        assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject"))]
        assert "<script>alert(1)" in "".join(root.itertext()), name


def test_what_is_not_defined_is_said():
    nothing = {"value": None, "low": None, "high": None}
    assert estimate(nothing) == bounds(nothing) == points(nothing) == "not defined"
    assert points({"value": 0.021, "low": -0.01, "high": 0.05}) == "+2.1 (-1.0 to +5.0) points"


def test_the_selected_cell_is_the_best_reliable_one_and_marked(study):
    html = study()
    rows = re.findall(r'<tr( class="selected")?><td class="number">(\d+)</td><td>t-SNE', html)
    assert rows == [("", "1"), (' class="selected"', "2")]


def test_tags_and_metadata_of_which_little_is_recorded_have_their_sections(study, variant):
    folder = variant(lambda folder: write_metadata(folder, "viral", sparse=True))
    text = " ".join(Page(build_page(folder, parts=TAGGED)).text)
    assert "labels occur" in text
    assert "Fewer than two of the fields are recorded" in text
    assert "Cramér" in " ".join(Page(study(parts=TAGGED)).text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "It has the highest consensus, 0.65: the mean of its agreement with the clusterings"),
        (
            {"selected": None, "consensus": None},
            "not defined, since no other perplexity has a clustering that votes",
        ),
        (
            {"selected": {"agreement": None, "clustered": 0.5, "outliers": 0.25}},
            "not defined, since it has too many outliers; among images that are clustered in both "
            "0.50",
        ),
    ],
)
def test_the_page_says_how_perplexities_voted(variant, change, words):
    document = consensus_of() | {"choose": "consensus"} | change
    folder = variant(lambda folder: write_json(document, path_of(folder, "consensus")))
    text = " ".join(" ".join(Page(build_page(folder)).text).split())
    assert words in text
    assert "The clustering with the highest consensus" not in text, "it is the selected one"


def test_the_page_says_how_many_neighbours_an_approximate_search_found(study, variant):
    document = asdict(IndexSummary("approximate", 256, 0.987, 1000))
    folder = variant(lambda folder: write_json(document, path_of(folder, "nearest")))
    text = " ".join(" ".join(Page(build_page(folder)).text).split())
    assert "found by an approximate search with a recall of 98.7% on 1,000 images" in text
    assert "found by an approximate search" not in " ".join(Page(study(parts=TAGGED)).text)


def test_a_grid_without_a_qualifying_cell_is_said_plainly(variant, rng):
    folder = variant(lambda folder: write_maps(folder, rng, qualifies=False))
    text = " ".join(Page(build_page(folder)).text)
    assert "No reliable cell of the grid qualifies" in text


def test_pages_and_figures_repeat_their_bytes(study, folder_of, tmp_path):
    page, folder = study(parts=TAGGED), folder_of()
    figures = {path.name: path for path in figures_in(folder)}
    rng = np.random.default_rng(2020)
    again = cluster_figures.clusters(map_of(rng), ranking_of()[1], "balance")
    save(again, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == figures["net.clusters.svg"].read_bytes()
    for name, path in figures.items():
        shown = name not in ("net.clusters.svg", "net.countries.svg")
        assert not shown or content.READERS[".svg"](path) in page, name
        assert not re.search(rb"<dc:date>|Matplotlib v", path.read_bytes()), name
    assert picture(figures["net.confusion.svg"]) in page


def test_figures_are_180_mm_wide_with_text_as_text(folder_of):
    for path in figures_in(folder_of()):
        root = ElementTree.parse(path).getroot()
        assert float(root.get("width").removesuffix("pt")) == pytest.approx(
            180 / 25.4 * 72, abs=0.1
        )
        assert any(element.tag.endswith("}text") for element in root.iter()), path.name


def test_nine_clusters_are_told_apart_by_shape(rng):
    table = pd.DataFrame(rng.normal(size=(90, 2)), columns=["x", "y"])
    table["cluster"] = np.repeat(np.arange(9), 10)
    figure = cluster_figures.clusters(table, ranking_of()[1], "balance")
    looks = [
        (tuple(points.get_facecolor()[0]), len(points.get_paths()[0].vertices))
        for points in figure.axes[0].collections
    ]
    assert len(set(looks)) == 9


def test_text_is_written_whole(tmp_path):
    write_text("ü\n", tmp_path / "t")
    assert (tmp_path / "t").read_bytes() == "ü\n".encode()
