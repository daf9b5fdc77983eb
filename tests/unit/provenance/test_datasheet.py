"""What a datasheet says of a cohort is what its tables hold, and text of the data stays text."""

import re

import numpy as np
import pandas as pd
import pytest

from cxr.core.io import write_csv, write_json, write_table
from cxr.provenance.datasheet import (
    MOST_REASONS,
    datasheet_facts,
    exclusions,
    fields_and_class,
    render_datasheet,
)

HOSTILE = "<img src=x onerror=alert(1)> | `*` [a](javascript:alert(1))"
CLASS = {"findings": [HOSTILE], "first": [], "sources": None, "without": []}
REASONS = ["source", "file", "stage", "reason"]


@pytest.fixture
def cohort():
    """40 images of 20 patients, of two classes from a source each."""
    number = np.arange(40)
    return pd.DataFrame(
        {
            "image_id": [f"i{n:02}" for n in number],
            "class": np.where(number < 20, HOSTILE, "normal"),
            "split": np.where(number % 4 == 0, "test", "train"),
            "patient_id": [f"p{n // 2}" for n in number],
            "source": np.where(number < 20, "publications", "hospital"),
            "near_duplicate_group": None,
        }
    )


@pytest.fixture
def metadata(cohort):
    number = np.arange(40)
    return cohort[["image_id", "patient_id", "source"]].assign(
        sex=np.where(number % 4 < 2, "F", "M"),
        age_years=np.where(number < 20, 50.0, np.nan),
        scanner=[HOSTILE] * 40,
    )


@pytest.fixture
def sheet(cohort, metadata, tmp_path):
    """The datasheet of the cohort as Markdown, with some findings of the study or none."""
    write_table(cohort, tmp_path / "cohort.parquet")
    write_table(metadata, tmp_path / "metadata.parquet")
    entry = ["publications", "a.png", "image", HOSTILE]
    write_csv(pd.DataFrame([entry], columns=REASONS), tmp_path / "rejected.csv")
    write_csv(pd.DataFrame([], columns=REASONS), tmp_path / "excluded.csv")
    steps = [{"name": "usable images", "images": 40, "patients": None, "removed": []}]
    write_json({"steps": steps, "near_duplicate_groups": 0}, tmp_path / "flow.json")
    source = {"name": HOSTILE, "kind": "table", "revision": None, "files": 40}
    write_json(source | {"licence": HOSTILE, "citation": None}, tmp_path / "source.json")
    files = {
        **{name: tmp_path / f"{name}.parquet" for name in ("cohort", "metadata")},
        **{name: tmp_path / f"{name}.csv" for name in ("rejected", "excluded")},
        "flow": tmp_path / "flow.json",
        "sources": [tmp_path / "source.json"],
    }
    selection = {
        "classes": {HOSTILE: CLASS, "normal": CLASS},
        "image_size": 64,
        "modality": None,
        "per_class": "min",
        "square": "crop",
        "views": None,
    }
    settings = {"study": "s", "title": HOSTILE, "seed": 0, "selection": selection}

    def written(*findings):
        return render_datasheet(datasheet_facts(files | {"findings": findings}, settings))

    return written


def test_text_of_the_data_stays_text(sheet):
    text = sheet()
    assert "<img" not in text.replace("\\<img", "")
    assert "[a](" not in text.replace("\\[a\\](", "")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    for place, line in enumerate(rows):
        if set(line) <= set("| -"):
            width = cells[place]
        if place:
            follows = place + 1 < len(rows) and set(rows[place + 1]) <= set("| -")
            assert follows or cells[place] == width, line


def test_it_names_what_a_reader_must_know(sheet):
    text = sheet()
    assert "40 images of 20 patients. Of 20 patients there is more than one image" in text
    assert "| age | 50.0% | 0.0% | 100.0% |" in text
    assert "Every image of normal is of the source hospital, which has no other class." in text
    assert "and here a class is of one source" in text
    assert "not in this datasheet" in text


def test_what_the_study_found_is_said_where_it_has_results(sheet, tmp_path):
    (tmp_path / "models" / "conv5").mkdir(parents=True)
    confounding = tmp_path / "models" / "conv5" / "confounding.json"
    write_json({"light": "red", "sentence": "The source tells the class."}, confounding)
    verdict = {"verdict": "no clusters beyond chance", "sentence": "p = 0.7."}
    write_json({"verdict": verdict}, tmp_path / "other.json")
    text = sheet(confounding, tmp_path / "other.json")
    assert "- conv5, its classes: The source tells the class." in text
    assert "- other, its clusters: no clusters beyond chance. p = 0.7." in text
    assert "not in this datasheet" not in text


def test_no_exclusion_is_lost():
    reasons = [f"reason {n}" for n in range(MOST_REASONS + 5)] + ["reason 3"] * 2
    table = pd.DataFrame({"source": "s", "file": "f", "stage": "image", "reason": reasons})
    rows = exclusions(table.iloc[:4], table.iloc[4:])
    assert sum(row["entries"] for row in rows) == len(table)
    assert (rows[0]["reason"], rows[0]["entries"]) == ("reason 3", 3)
    assert rows[-1]["reason"] == "5 other reasons"


def test_a_field_that_tells_the_class_comes_first_and_one_class_is_told_by_none(cohort, metadata):
    told = fields_and_class(cohort, metadata, 0)
    assert {row["field"] for row in told} == {"source", "age", "sex"}
    effects = {row["field"]: row["effect"] for row in told}
    assert effects["source"] == pytest.approx(1, abs=0.01)
    assert effects["sex"] == 0
    assert fields_and_class(cohort.assign(**{"class": "normal"}), metadata, 0) == []
