"""Painting over: nothing of what was there is left, and nothing else changes."""

import numpy as np
import pandas as pd
import pytest

from cxr.images.hiding import boxes_by_image, covered, hide

BOX = (0.1, 0.2, 0.4, 0.5)


@pytest.fixture
def slope():
    """A smooth slope of grey."""
    rows, columns = np.mgrid[:120, :160]
    return (60 + 0.5 * rows + 0.3 * columns).astype(np.uint8)


def test_a_marker_becomes_what_surrounds_it(slope):
    marked = slope.copy()
    marked[30:55, 20:60] = 255
    result = hide(marked, [BOX])
    assert np.abs(result.astype(int) - slope.astype(int)).max() <= 12
    outside = ~covered(slope.shape, [BOX])
    np.testing.assert_array_equal(result[outside], marked[outside])


def test_what_was_painted_over_leaves_no_trace(slope, rng):
    first, second = slope.copy(), slope.copy()
    first[30:55, 20:60] = rng.integers(0, 255, (25, 40))
    second[30:55, 20:60] = 0
    np.testing.assert_array_equal(hide(first, [BOX]), hide(second, [BOX]))


def test_no_value_is_beyond_those_around(rng):
    image = rng.integers(80, 120, (97, 131)).astype(np.uint8)
    image[:30, :50] = 255
    result = hide(image, [(0, 0, 50 / 131, 30 / 97)])
    assert 80 <= result.min() <= result.max() <= 120


def test_boxes_at_the_edges_and_over_each_other(slope):
    boxes = [(0, 0, 0.3, 0.1), (0.2, 0.05, 0.5, 0.2), (0.9, 0.9, 1, 1)]
    marked = np.where(covered(slope.shape, boxes), 255, slope).astype(np.uint8)
    assert hide(marked, boxes).max() < 180


@pytest.mark.parametrize("boxes", [[], [(0, 0, 1, 1)]], ids=["none", "all"])
def test_without_a_box_or_anything_to_fill_from_it_stays(slope, boxes):
    assert hide(slope, boxes) is slope


def test_boxes_are_those_of_their_image():
    table = pd.DataFrame(
        [("a", 0.0, 0.1, 0.2, 0.3), ("b", 0.5, 0.5, 0.6, 0.6), ("a", 0.7, 0.1, 0.8, 0.2)],
        columns=["image_id", "left", "top", "right", "bottom"],
    )
    assert boxes_by_image(table) == {
        "a": [(0.0, 0.1, 0.2, 0.3), (0.7, 0.1, 0.8, 0.2)],
        "b": [(0.5, 0.5, 0.6, 0.6)],
    }
    assert boxes_by_image(table.iloc[:0]) == {}
