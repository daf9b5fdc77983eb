"""Images unlike the others of a synthetic cohort are found, ordinary ones are not."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from cxr.images.canonical import canonical
from cxr.images.decode import read_grey
from cxr.images.unusual import FEWEST, modified_z, unusual_images
from cxr.synthetic.cohort import write_cohort
from tests.helpers.phantoms import PLAIN_COHORT


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """Canonical frontal radiographs, each the first of a patient."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_cohort(folder, replace(PLAIN_COHORT, patients=12))
    paths = sorted((folder / "images").glob("case-*"))
    return np.stack([canonical(read_grey(path), 64, "crop") for path in paths])


def blurred(image):
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(2)))


def photograph(image):
    """Large shapes of light and shade, without a chest."""
    coarse = np.random.default_rng(0).integers(0, 256, (5, 5), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize(image.shape, Image.Resampling.BICUBIC))


CHANGES = {
    "blurred": blurred,
    "too bright": lambda image: np.clip(image * 2.5, 0, 255).astype(np.uint8),
    "too dark": lambda image: image // 4,
    "inverted": lambda image: 255 - image,
    "rotated": np.rot90,
    "unlike the other images": photograph,
}


def reasons_of(images, row):
    return {finding.reason for finding in unusual_images(images) if finding.row == row}


@pytest.mark.parametrize("reason", CHANGES)
def test_a_changed_image_is_found_with_its_reason(cohort, reason):
    images = cohort.copy()
    images[7] = CHANGES[reason](images[7])
    assert reason not in reasons_of(cohort, 7)
    assert reason in reasons_of(images, 7)


def test_an_upside_down_image_is_turned_by_180_degrees(cohort):
    images = cohort.copy()
    images[3] = images[3][::-1, ::-1]
    (found,) = [f for f in unusual_images(images) if f.row == 3 and f.reason == "rotated"]
    assert "turned by 180 degrees" in found.basis


def test_few_ordinary_images_are_found(cohort):
    assert len({finding.row for finding in unusual_images(cohort)}) <= 0.1 * len(cohort)


def test_scores_begin_at_one_half_at_the_limit(cohort):
    images = cohort.copy()
    images[0] = 255 - images[0]
    assert all(0.5 <= finding.score <= 1 for finding in unusual_images(images))


def test_nothing_is_unusual_among_few_or_equal_images(cohort):
    assert unusual_images(cohort[: FEWEST - 1]) == []
    assert unusual_images(np.repeat(cohort[:1], 20, axis=0)) == []
    assert unusual_images(np.zeros((20, 64, 64), dtype=np.uint8)) == []


def test_modified_z_of_iglewicz_and_hoaglin():
    values = np.array([2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3])
    z = modified_z(values)
    assert (np.abs(z) > 3.5).tolist() == [False] * 8 + [True] * 2
    assert modified_z(np.array([1.0, 1.0, 1.0, 5.0]))[3] > 0
    assert modified_z(np.ones(4)).tolist() == [0, 0, 0, 0]
