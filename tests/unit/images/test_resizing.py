"""Resizing large images is Pillow's Lanczos filter, bit for bit."""

import numpy as np
import pytest
from PIL import Image

from cxr.images.resizing import resized


@pytest.mark.parametrize(
    "shape",
    [(1024, 1024), (700, 701), (640, 1000), (1100, 800), (500, 1900), (1999, 1361), (3056, 2544)],
)
@pytest.mark.parametrize("size", [(32, 32), (128, 128), (224, 224), (333, 517)])
@pytest.mark.parametrize("kind", ["noise", "edges"])
def test_pixels_are_those_of_pillow(rng, shape, size, kind):
    grey = rng.integers(0, 256, shape, dtype=np.uint8)
    if kind == "edges":  # which overshoot at both ends of the range
        grey = np.where(grey.cumsum(axis=1) // 20_000 % 2, 255, 0).astype(np.uint8)
    expected = Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(resized(grey, *size), np.asarray(expected))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((3000, 900), (64, 64)), ((90, 70), (32, 32)), ((900, 900), (1024, 1024)), ((1, 1), (8, 8))],
)
def test_tall_small_and_enlarged_images_are_too(rng, shape, size):
    grey = rng.integers(0, 256, shape, dtype=np.uint8)
    expected = Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(resized(grey, *size), np.asarray(expected))


def test_a_part_of_an_image_need_not_lie_together(rng):
    wide = rng.integers(0, 256, (800, 1300), dtype=np.uint8)[:, 200:1000]
    expected = Image.fromarray(wide).resize((64, 64), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(resized(wide, 64, 64), np.asarray(expected))
