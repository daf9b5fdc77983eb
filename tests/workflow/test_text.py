"""A study that searches for burned-in text: the rules it has, and the files it leaves."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.helpers.study import TINY, workspace
from tests.workflow.test_documented import columns, documented, rows

pytestmark = pytest.mark.timeout(900)

CLASSES = {"a": {"findings": ["COVID-19"]}, "b": {"findings": ["No finding"]}}
SOURCE = {
    "kind": "table",
    "path": "data",
    "table": "table.csv",
    "columns": {"file": "file", "finding": "finding", "patient_id": "patient"},
    "constants": {"modality": "X-ray", "view": "PA"},
}
TEXT = {"classes": CLASSES, "image_size": 48, "text": {"chunks": 2}, "hide_text": True}
STUDY = TINY | {
    "sources": {"ours": SOURCE},
    "cohort": TEXT,
    "embedding": {"perplexities": [3]},
    "evidence": None,
    "similarity": None,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with 16 images, those of class a with a marker."""
    place = workspace(tmp_path_factory.mktemp("text") / "run")
    folder = place.path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    entries = []
    for number in range(16):
        blobs = Image.fromarray(rng.integers(20, 100, (6, 6)).astype(np.uint8))
        image = blobs.resize((160, 160), Image.Resampling.BILINEAR)
        if number < 8:
            font = ImageFont.load_default(18)
            ImageDraw.Draw(image).text((70, 20), "SUPINE", fill=250, font=font)
        image.save(folder / f"{number}.png")
        entries.append((f"{number}.png", "COVID-19" if number < 8 else "No finding", f"p{number}"))
    table = pd.DataFrame(entries, columns=["file", "finding", "patient"])
    table.to_csv(folder / "table.csv", index=False)
    return place


def test_external_sources_are_searched_too(place):
    sources = {"ours": SOURCE, "theirs": SOURCE}
    plan = place.planned(STUDY | {"sources": sources, "evaluation": {"external": ["theirs"]}})
    searched = {"find_text": 2, "record_text": 1}
    searched |= {"find_external_text": 2, "record_external_text": 1}
    assert searched.items() <= plan.items()
    without = {**TEXT, "text": None, "hide_text": False}
    assert not {name for name in place.planned(STUDY | {"cohort": without}) if "text" in name}


def test_text_becomes_fields_and_leaves_the_pixels(place):
    place.write_config(STUDY)
    place.snakemake("--until", "assemble_cohort")
    results = place.path / "results" / "tiny"
    cohort = pd.read_parquet(results / "cohort.parquet")
    fields = pd.read_parquet(results / "metadata.parquet").set_index("image_id")
    present = fields.loc[cohort["image_id"], "text_present"]
    assert list(present) == list(cohort["class"].map({"a": "yes", "b": "no"}))
    assert np.load(results / "images.npy").max() < 120
    assert set(pd.read_csv(results / "text.csv")["words"]) == {"SUPINE"}
    assert json.loads((results / "text.json").read_text())["with_text"] == 8
    described = rows()
    for name in ("text.csv", "text.json", "text/cleaned.parquet"):
        words = described[name] + described["text/cleaned.parquet"]
        assert all(documented(column, words) for column in columns(results / name)), name
