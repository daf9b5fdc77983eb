"""Images in chunks: each decoded once, a changed one alone again, a killed job with more memory."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.helpers.study import TINY, workspace

pytestmark = pytest.mark.timeout(900)

IMAGES, CHUNKS = 30, 3
RESULTS = (
    *("metadata.parquet", "rejected.csv", "quality.csv", "cleaning.csv", "spellings.csv"),
    *("cohort.parquet", "images.npy", "excluded.csv", "flow.json"),
)
STUDY = TINY | {
    "sources": {
        "ours": {
            "kind": "table",
            "path": "data",
            "table": "table.csv",
            "columns": {"file": "file", "finding": "finding", "patient_id": "patient"},
            "constants": {"modality": "X-ray", "view": "PA"},
        }
    },
    "cohort": {
        "classes": {"a": {"findings": ["COVID-19"]}, "b": {"findings": ["No finding"]}},
        "image_size": 48,
        "chunks": CHUNKS,
    },
    "embedding": {"perplexities": [5]},
    "evidence": None,
    "similarity": None,
}
# What a job runs before its script: in its first attempt it is killed, as for its memory.
KILLED = """
with open("attempts", "a") as stream:
    print(snakemake.wildcards.inspected, snakemake.resources.mem_mb, file=stream)
if snakemake.wildcards.inspected == "0002" and snakemake.resources.mem_mb == 2000:
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
"""


def draw(folder, number, seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((120, 100), Image.Resampling.BICUBIC)
    image.save(folder / f"{number}.png")


def write_rows(folder, images):
    rows = [(f"{n}.png", ["COVID-19", "No finding"][n % 2], f"p{n}") for n in range(images)]
    table = pd.DataFrame(rows, columns=["file", "finding", "patient"])
    table.to_csv(folder / "table.csv", index=False)


@pytest.fixture
def place(tmp_path):
    """A folder with 30 images, of which one is empty and one cut."""
    place = workspace(tmp_path / "run")
    folder = place.path / "data"
    folder.mkdir()
    for number in range(IMAGES):
        draw(folder, number, number)
    write_rows(folder, IMAGES)
    (folder / "4.png").write_bytes(b"")
    (folder / "9.png").write_bytes((folder / "8.png").read_bytes()[:300])
    place.write_config(STUDY)
    return place


def results(place):
    return {name: (place.path / "results/tiny" / name).read_bytes() for name in RESULTS}


def as_they_were(place):
    """How many images of how many the last jobs of all chunks did not decode."""
    logs = (place.path / "results/tiny/logs/inspect_images").glob("*.log")
    found = [re.search(r"(\d+) of (\d+) images are as they were", log.read_text()) for log in logs]
    return tuple(sum(int(match[group]) for match in found) for group in (1, 2))


def test_a_changed_and_a_new_image_are_decoded_alone_and_chunks_change_no_result(place):
    place.snakemake("--until", "assemble_cohort")
    assert as_they_were(place) == (0, IMAGES)
    rejected = pd.read_csv(place.path / "results/tiny/rejected.csv").set_index("file")["reason"]
    expected = {"4.png": "the file is empty", "9.png": "truncated or damaged"}
    assert {name: rejected[name] for name in expected} == expected

    draw(place.path / "data", 6, seed=100)
    draw(place.path / "data", IMAGES, seed=101)
    write_rows(place.path / "data", IMAGES + 1)
    place.snakemake("--until", "assemble_cohort")
    assert as_they_were(place) == (IMAGES - 3, IMAGES + 1)  # changed, and the two broken ones

    again = workspace(place.path.with_name("again"))
    (place.path / "data").rename(again.path / "data")
    again.write_config({**STUDY, "cohort": {**STUDY["cohort"], "chunks": 1}})
    again.snakemake("--until", "assemble_cohort")
    assert as_they_were(again) == (0, IMAGES + 1)
    assert results(place) == results(again)


def test_a_job_that_is_killed_is_done_again_alone_with_twice_the_memory(place):
    script = place.path / "workflow/scripts/inspect_images.py"
    docstring, rest = script.read_text().split("\n", 1)
    script.write_text(f"{docstring}\n{KILLED}\n{rest}")
    place.snakemake("--until", "inspect_images", "--retries", "1")
    attempts = (place.path / "attempts").read_text().splitlines()
    assert sorted(attempts) == ["0001 2000", "0002 2000", "0002 4000", "0003 2000"]
