"""A cohort is assembled until no near duplicates contradict each other."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cxr.cohort.assembly import CohortSettings, DuplicateSettings, assemble_cohort
from cxr.cohort.splits import SplitShares
from cxr.cohort.tags import TagSettings
from tests.helpers.inspection import cohort_images
from tests.helpers.selection import SETTINGS, rejected, rows

COHORT = CohortSettings(
    replace(SETTINGS, per_class="all"),
    DuplicateSettings(bits=8, correlation=0.95, exclude_contradictions=False),
    SplitShares(validation=0.2, test=0.2),
    tags=None,
    image_size=32,
    square="crop",
    seed=1,
)


@pytest.fixture
def metadata(tmp_path, rng):
    """Ten images a class, of as many patients; the first of both are the same."""
    entries = []
    for source, finding in (("u", "COVID-19"), ("k", "No finding")):
        (tmp_path / source).mkdir()
        for i in range(10):
            coarse = Image.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8))
            coarse.resize((90, 90), Image.Resampling.BICUBIC).save(tmp_path / source / f"{i}.png")
            entries.append((f"{i}.png", source, f"{source}:{i}", finding, "PA", f"{source}{i}"))
    (tmp_path / "k" / "0.png").write_bytes((tmp_path / "u" / "0.png").read_bytes())
    return rows(*entries)


@pytest.mark.parametrize("exclude", [False, True])
def test_contradicting_near_duplicates_leave_where_they_shall(tmp_path, metadata, exclude):
    limits = replace(COHORT.near_duplicates, exclude_contradictions=exclude)
    settings = replace(COHORT, near_duplicates=limits)
    roots = {source: tmp_path / source for source in "uk"}
    path = tmp_path / "images.npy"
    images = cohort_images(metadata, roots)
    cohort = assemble_cohort(metadata, rejected(), images, path, settings, threads=1)
    gone = {"u/0.png", "k/0.png"} if exclude else set()
    assert set(metadata["image_id"]) - set(cohort.table["image_id"]) == gone
    assert len(cohort.flow.exclusions()) == len(gone)
    assert cohort.table["near_duplicate_group"].nunique() == (0 if exclude else 1)
    assert np.load(path).shape == (len(cohort.table), 32, 32)


def test_a_cohort_may_have_tags(tmp_path, metadata):
    settings = replace(COHORT, tags=TagSettings(("view",), 2))
    roots = {source: tmp_path / source for source in "uk"}
    images = cohort_images(metadata, roots)
    cohort = assemble_cohort(metadata, rejected(), images, tmp_path / "a.npy", settings, threads=1)
    assert cohort.table["tags"].tolist() == [["view: PA"]] * 20
    assert cohort.tags["images"].tolist() == [20]
