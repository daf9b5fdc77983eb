"""The page says which class a field tells, and which subgroup a network fails."""

import numpy as np
import pandas as pd
import pytest

from cxr.core.io import write_csv, write_json
from cxr.evaluation.subgroups import COLUMNS
from cxr.report.confounding import field_content
from tests.helpers.pages import PLAIN, build_page, write_study
from tests.helpers.report_files import path_of


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study whose field `site` tells the class of the same name."""
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, np.random.default_rng(0), text="site")
    return folder


NAMES = ("confounding", "confounding_verdict", "subgroups", "metrics")


def files_of(folder):
    return {name: str(path_of(folder, name)) for name in NAMES}


def subgroups_of(*rows):
    table = pd.DataFrame(rows, columns=["level", "value", "difference", "q"])
    keys = {"field": "age_band", "class": "ill", "metric": "sensitivity", "p": table["q"]}
    return table.assign(images=30, patients=20, **keys).reindex(columns=list(COLUMNS))


def test_a_told_class_is_a_warning_and_a_row(study):
    page = build_page(study, "site", PLAIN)
    assert page.count("<h4>Subgroups</h4>") == page.count('<h3 id="confounding">') == 1
    assert (
        '<p class="warning">The class cannot be told from its site in this cohort: every image '
        "of normal has no recorded site, and none of the others. Every image of site has a "
        "recorded site, and none of the others. Of the network&#39;s advantage over chance none "
        "remains among images with the same site.</p>"
    ) in page
    assert "tells the class: normal; site" in page


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [("20 to 39", 0.4, -0.5, 0.01), ("40 to 59", 0.7, -0.1, 0.3)],
            "Of 2 differences between subgroups and the others 1 remains after adjustment. The "
            "largest: the sensitivity of ill is 0.40 for age 20 to 39, 0.50 less than for other "
            "images of the same classes (q = 0.010).",
        ),
        (
            [("20 to 39", 0.9, 0.2, 0.6), ("40 to 59", 0.7, -0.1, 0.6)],
            "Of 2 differences between subgroups and the others none remain after adjustment. The "
            "largest: the sensitivity of ill is 0.90 for age 20 to 39, 0.20 more than for other "
            "images of the same classes (q = 0.600).",
        ),
        (
            [("20 to 39", 1.0, 0.0, 1.0), ("40 to 59", 1.0, 0.0, 1.0)],
            "Of 2 differences between subgroups and the others none remain after adjustment: all "
            "are 0.",
        ),
        (
            [("20 to 39", 0.9, None, None)],
            "No subgroup has enough patients to be compared with the others.",
        ),
    ],
)
def test_the_largest_gap_is_named(study, rows, sentence, tmp_path):
    path = tmp_path / "subgroups.csv"
    write_csv(subgroups_of(*rows), path)
    content = field_content({**files_of(study), "subgroups": str(path)})
    assert content["subgroups"]["sentence"] == sentence


def test_without_subgroups_and_without_a_network_there_is_nothing_of_them(study, tmp_path):
    path = tmp_path / "subgroups.csv"
    write_csv(subgroups_of(), path)
    assert field_content({**files_of(study), "subgroups": str(path)})["subgroups"] is None
    without = field_content(dict.fromkeys(NAMES))
    assert without == {"confounding": None, "subgroups": None}


def test_without_an_advantage_no_field_explains_any_of_it(study, tmp_path):
    verdict, table = tmp_path / "verdict.json", tmp_path / "confounding.csv"
    rows = pd.read_csv(path_of(study, "confounding"))
    write_csv(rows.assign(light="green", told=None, partly=None), table)
    for light, words in (("none", "no advantage"), ("green", "less than half")):
        write_json({"light": light, "sentence": "A sentence."}, verdict)
        files = files_of(study) | {"confounding": str(table), "confounding_verdict": str(verdict)}
        assert {row["explains"] for row in field_content(files)["confounding"]["rows"]} == {words}
