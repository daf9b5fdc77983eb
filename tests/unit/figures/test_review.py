"""The sheet of the first images of a review list."""

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from cxr.evaluation.review import COLUMNS
from cxr.figures.review import SHOWN, SIDE, first_pictures, review_sheet
from cxr.figures.style import save_as

HOSTILE = "<script>alert(1)</script>$\\frac{1}{2}$&"


@pytest.fixture
def table():
    """Thirty images with a reason and one without; the first is not in the cohort."""
    rows = [
        (i + 1, f"i{i:02d}", "p", "normal", "viral", "suspected label error; blurred", 0.9, "b")
        for i in range(30)
    ]
    table = pd.DataFrame([*rows, (31, "last", "p", "normal", None, None, 0.1, None)])
    table.columns = COLUMNS
    table.loc[0, ["patient_id", "class", "suspected_class"]] = None
    return table


@pytest.fixture
def pictures(table):
    cohort = table.loc[1:, ["image_id"]]
    return first_pictures(table, cohort, np.zeros((30, 2 * SIDE, 2 * SIDE), dtype=np.uint8))


def text_of(fig, path):
    save_as(fig, path)
    return " ".join(ET.parse(path).getroot().itertext())


def test_the_first_twenty_are_shown_with_rank_class_and_reasons(table, pictures, tmp_path):
    assert list(pictures) == [f"i{i:02d}" for i in range(1, SHOWN)]
    assert {picture.shape for picture in pictures.values()} == {(SIDE, SIDE)}
    text = text_of(review_sheet(table, pictures), tmp_path / "sheet.svg")
    assert "20  i19" in text
    assert "i20" not in text
    assert text.count("normal: viral?") == SHOWN - 1
    assert text.count("blurred") == SHOWN
    assert text.count("not in the cohort") == 1


def test_a_list_without_reasons_says_so(table, tmp_path):
    fig = review_sheet(table.tail(1), {})
    assert "No image has a reason" in text_of(fig, tmp_path / "sheet.svg")


def test_hostile_names_stay_text(table, pictures, tmp_path):
    table.loc[1, ["class", "suspected_class"]] = HOSTILE
    table.loc[2, "image_id"] = HOSTILE
    text = text_of(review_sheet(table, pictures), tmp_path / "sheet.svg")
    assert "<script>alert" in text
    assert ET.parse(tmp_path / "sheet.svg").getroot().find(".//script") is None
