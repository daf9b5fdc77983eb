"""Images that are out of the ordinary are flagged or rejected, ordinary ones are not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.images.decode import read_grey
from cxr.images.quality import quality_flags, quality_measures
from cxr.metadata.schema import Reading
from cxr.synthetic.cohort import write_cohort
from tests.helpers.inspection import inspected_reading
from tests.helpers.phantoms import PLAIN_COHORT


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory):
    """A synthetic radiograph."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_cohort(folder, replace(PLAIN_COHORT, image_size=400))
    return read_grey(next(path for path in sorted((folder / "images").iterdir())))


def bordered(grey):
    return np.pad(grey, 60)


def tinted(grey):
    return np.stack([grey, (0.8 * grey).astype(np.uint8), (0.8 * grey).astype(np.uint8)], axis=2)


def photograph(grey):
    return np.stack([grey, grey // 3, grey // 2], axis=2)


def as_is(grey):
    return grey


def wide(grey):
    return np.tile(grey, (1, 3))


def even(grey):
    return np.full_like(grey, 90)


def very_wide(grey):
    return np.tile(grey, (1, 6))


@pytest.mark.parametrize(
    ("change", "flagged", "rejected"),
    [
        (as_is, "", None),
        (bordered, "border_share", None),
        (tinted, "saturation", None),
        (wide, "aspect", None),
        (photograph, None, "a colour picture"),
        (even, None, "blank"),
        (very_wide, None, "more than 4 times as long"),
    ],
)
def test_what_is_odd_about_an_image_is_said(tmp_path, synthetic, change, flagged, rejected):
    Image.fromarray(change(synthetic)).save(tmp_path / "a.png")
    rows = pd.DataFrame({"file": ["a.png"], "image_id": ["s/a.png"], "source": "s"})
    measured, quality = inspected_reading(Reading.of(rows), tmp_path, 16, 1)
    assert measured.rejected["reason"].tolist() == ([rejected] if rejected else [])
    assert quality["flags"].tolist() == ([] if rejected else [flagged])
    assert quality["image_id"].tolist() == measured.rows["image_id"].tolist()


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (5, 5), (3, 400)])
def test_any_shape_is_measured(rng, shape):
    grey = rng.integers(0, 256, shape, dtype=np.uint8)
    measures = quality_measures(grey, 0.0)
    assert all(np.isfinite(value) for value in measures.values())
    assert isinstance(quality_flags(measures), str)


@pytest.mark.mirror
def test_few_real_radiographs_are_flagged(mirror):
    files = sorted((mirror / "chest_xray/train/NORMAL").iterdir())[:60]
    flags = [quality_flags(quality_measures(read_grey(path), 0.0)) for path in files]
    assert sum(flag != "" for flag in flags) <= 6
