"""Canonical images are square, of one size, and in the order of the rows."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from cxr.core.errors import InputError
from cxr.images.canonical import SourceImages, canonical, fill_cache, flatten, shrink
from cxr.images.duplicates import perceptual_hash


@pytest.mark.parametrize("square", ["crop", "stretch", "pad"])
@pytest.mark.parametrize("shape", [(90, 120), (300, 40), (70, 70), (1, 5)])
def test_canonical_images_are_square_and_of_one_size(rng, square, shape):
    image = rng.integers(0, 255, shape, dtype=np.uint8)
    result = canonical(image, 48, square)
    assert result.shape == (48, 48)
    assert result.dtype == np.uint8


def test_crop_does_not_depend_on_what_lies_outside_the_square(radiograph):
    wide = np.pad(radiograph, ((0, 0), (200, 200)), constant_values=255)
    first = canonical(np.ascontiguousarray(radiograph[:, 15:105]), 48, "crop")
    np.testing.assert_array_equal(canonical(radiograph, 48, "crop"), first)
    assert canonical(wide, 48, "crop").shape == (48, 48)


def test_the_cache_follows_the_order_of_the_rows(tmp_path, radiograph):
    for name, image in (("a.png", radiograph), ("b.png", radiograph[::-1])):
        Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / name)
    rows = pd.DataFrame({"image_id": ["b", "a"], "source": "s", "file": ["b.png", "a.png"]})
    pixels = np.zeros((2, 32, 32), dtype=np.uint8)
    hashes = fill_cache(rows, SourceImages({"s": tmp_path}), pixels, "crop", threads=2)
    np.testing.assert_array_equal(pixels[1], canonical(radiograph, 32, "crop"))
    assert hashes[1] == perceptual_hash(radiograph)
    assert hashes[0] != hashes[1]


def test_what_is_painted_over_leaves_the_cache_and_the_other_images_as_they_are(tmp_path):
    marked = np.full((64, 64), 90, np.uint8)
    marked[10:20, 10:30] = 255
    for name in ("a", "b"):
        Image.fromarray(marked).save(tmp_path / f"{name}.png")
    rows = pd.DataFrame({"image_id": ["a", "b"], "source": "s", "file": ["a.png", "b.png"]})
    files = SourceImages({"s": tmp_path}, {"a": [(9 / 64, 9 / 64, 31 / 64, 21 / 64)]})
    pixels = np.zeros((2, 64, 64), dtype=np.uint8)
    fill_cache(rows, files, pixels, "crop", threads=1)
    np.testing.assert_array_equal(pixels[0], canonical(np.full_like(marked, 90), 64, "crop"))
    np.testing.assert_array_equal(pixels[1], canonical(marked, 64, "crop"))


def test_an_image_that_vanished_after_cleaning_is_named(tmp_path):
    rows = pd.DataFrame({"image_id": ["a"], "source": ["s"], "file": ["gone.png"]})
    with pytest.raises(InputError, match=r"gone\.png: no such file, though it was readable"):
        fill_cache(rows, SourceImages({"s": tmp_path}), np.zeros((1, 8, 8), np.uint8), "crop", 1)


def test_small_images_are_averages_of_blocks(rng):
    images = rng.integers(0, 255, (3, 32, 32), dtype=np.uint8)
    means = images.reshape(3, 8, 4, 8, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(shrink(images, 8), means, atol=1)
    np.testing.assert_array_equal(flatten(images)[:, 33], images[:, 1, 1])
