"""What the documents show works: pieces of YAML are valid, pictures are made by a command."""

import re

import numpy as np
import pandas as pd
import pytest
import yaml
from docs import pictures
from PIL import Image

from cxr.config.resolve import check_files, resolve
from cxr.core.paths import ROOT
from cxr.intake.check import check
from tests.helpers.documents import pieces
from tests.unit.config.test_config import study

OWN, TABLE = "docs/how-to/own-cohort.md", "table: cohort.csv"
YAML = dict(pieces("yaml"))


def test_there_are_pieces_to_try():
    assert len(YAML) >= 15


@pytest.mark.parametrize("piece", YAML.values(), ids=YAML)
def test_a_piece_of_a_study_is_valid(piece):
    raw = yaml.safe_load(piece)
    if "study" in raw:
        assert resolve(raw)["study"] == raw["study"]
        return
    whole = study()
    if "training" in raw:
        raw = {"models": {"m": {"architecture": "conv5", **raw}}, "cohort": {"image_size": 224}}
    for key, value in raw.items():
        of_cohort = key == "cohort" and "classes" not in value
        whole[key] = whole["cohort"] | value if of_cohort else value
    assert resolve(whole)["study"] == "s"


def test_the_example_of_ones_own_images_can_run(tmp_path):
    (example,) = [text for place, text in YAML.items() if place.startswith(OWN) and TABLE in text]
    raw = yaml.safe_load(example)
    source = raw["sources"]["ours"]
    source["path"] = str(tmp_path)
    columns = {**source["columns"]}
    fields = columns.pop("fields")
    rng = np.random.default_rng(0)
    (tmp_path / source["images"]).mkdir()
    rows = []
    for number in range(40):
        pixels = rng.integers(0, 255, (90, 90), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / source["images"] / f"{number}.png")
        values = {
            "file": f"{number}.png",
            "finding": ("COVID-19", "normal")[number % 2],
            "patient_id": number,
            "sex": "F",
            "age_years": 40,
        }
        row = {columns[key]: values[key] for key in columns}
        rows.append(row | dict.fromkeys(fields.values(), "x"))
    pd.DataFrame(rows).to_csv(tmp_path / source["table"], index=False)
    resolved = resolve(raw)
    check_files(resolved)
    lines = list(check(resolved))
    assert "  class COVID-19: 20 images of 20 patients" in lines
    assert "  class normal: 20 images of 20 patients" in lines


def test_the_gallery_and_the_tutorial_show_what_the_command_photographs():
    taken = {f"{name}.png" for name in pictures.SECTIONS}
    assert {path.name for path in pictures.PICTURES.iterdir()} == taken
    gallery, tutorial = (
        re.findall(r"\]\(pictures/(.+?)\)", (ROOT / "docs" / name).read_text())
        for name in ("gallery.md", "tutorial.md")
    )
    assert sorted(gallery) == sorted(taken)
    assert set(tutorial) <= taken
