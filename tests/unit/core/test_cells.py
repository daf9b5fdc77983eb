"""No cell begins a formula, and every text comes back."""

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.core.cells import from_cell, to_cell
from cxr.core.io import read_csv, write_csv

LIVE = re.compile(r"[\s\ufeff\u200b\xa0]*[=+@＝＋＠－]|[\t\r\n]|\s*-(?![0-9.]+$)")
# Letters of which formulas, marks and cells are made, and any other.
LETTERS = st.sampled_from("=+-@'\";,\t\r\n \ufeff\u200b＝－1.aé")
TEXTS = st.text(LETTERS | st.characters(exclude_categories=("Cs",)), max_size=20)


def spreadsheet_cells(text):
    """The cells that a program finds which divides lines at commas, semicolons or tabs."""
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            yield from row
    for line in re.split(r"[\r\n]", text):
        yield from line.split(";")


@given(TEXTS)
def test_a_text_comes_back_and_begins_no_formula(text):
    assert from_cell(to_cell(text)) == text
    assert not any(LIVE.match(part) for part in re.split("[;\t\r\n]", to_cell(text)) if part)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("'", "''"),
        ("-a.png", "'-a.png"),
        ("-1e5", "'-1e5"),
        ("-inf", "'-inf"),
        (" \ufeff=1", "' \ufeff=1"),
        ("＝1", "'＝1"),
        ("\r=1", "'\r'=1"),
        ("a; =1 (2)", "a;' =1 (2)"),
        ("a;'b", "a;''b"),
    ],
)
def test_what_begins_a_formula_is_marked(text, cell):
    assert to_cell(text) == cell


@pytest.mark.parametrize("text", ["", "-1", "-0.5", "images/a-b=c.png", "12'", "a, =1", "10.1/x"])
def test_other_text_stays_as_it_is(text):
    assert to_cell(text) == text


@given(st.lists(TEXTS.filter(bool), min_size=1, max_size=4))
def test_a_table_of_texts_comes_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    table = pd.DataFrame({"text": ["no number", *texts], "@n": -0.5})
    write_csv(table, path)
    pd.testing.assert_frame_equal(read_csv(path), table)
    cells = spreadsheet_cells(path.read_bytes().decode())
    assert not [cell for cell in cells if re.match(r"[=+@\t]|-(?![0-9.]+$)", cell)]


def test_numbers_stay_numbers_whatever_their_sign(tmp_path):
    table = pd.DataFrame({"a": [-0.5, float("-inf"), -1e-9], "b": ["x", -2, None]})
    write_csv(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "a,b\n-0.5,x\n-inf,-2\n-1e-09,\n"
