"""Canonical images are square, of one size, and in the order of the rows."""

import numpy as np
import pytest

from cxr.images.canonical import canonical, flatten, shrink


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


def test_small_images_are_averages_of_blocks(rng):
    images = rng.integers(0, 255, (3, 32, 32), dtype=np.uint8)
    means = images.reshape(3, 8, 4, 8, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(shrink(images, 8), means, atol=1)
    np.testing.assert_array_equal(flatten(images)[:, 33], images[:, 1, 1])
