"""Lungs are found as people outline them, on patients that a network has not seen."""

import numpy as np
import pytest

from cxr.images import lung_network
from cxr.images.lung_network import GREATEST, MEMBERS, SIDE, lung_scores, normalise
from cxr.images.lungs import covered, lung_masks, painted_over
from tests.helpers.lung_masks import dice, outlined_lungs


@pytest.fixture(scope="module")
def outlined(mirror):
    return outlined_lungs(mirror)


@pytest.mark.mirror
def test_masks_agree_with_those_that_people_drew_of_unseen_patients(outlined):
    """A mean of the other patients' masks reaches 0.79."""
    assert len(outlined.files) == 170
    scores = np.zeros(len(outlined.files))
    for member in range(MEMBERS):
        of_unseen = outlined.folds == member
        masks, segmented = lung_masks(outlined.images[of_unseen], members=[member])
        assert segmented.all()
        scores[of_unseen] = dice(masks, outlined.masks[of_unseen])
    assert scores.mean() > 0.9
    assert np.quantile(scores, 0.05) > 0.8


@pytest.mark.mirror
def test_masks_hardly_depend_on_size_contrast_or_the_dark_around_an_image(outlined):
    images = outlined.images[:20]
    masks, _ = lung_masks(images)
    pale, _ = lung_masks((60 + images // 2).astype(np.uint8))
    assert dice(masks, pale).min() > 0.95
    wide, _ = lung_masks(images.repeat(2, axis=1).repeat(2, axis=2))
    assert dice(masks, wide[:, ::2, ::2]).min() > 0.95
    framed, _ = lung_masks(np.pad(images, ((0, 0), (16, 16), (16, 16))))
    assert np.median(dice(masks, framed[:, 16:-16, 16:-16])) > 0.93


def test_every_sum_of_the_networks_is_a_whole_number_that_float32_holds():
    tensors = lung_network._tensors()
    layers = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    assert len(layers) == MEMBERS * 12
    for layer in layers:
        weight, bias = (tensors[f"{layer}.{part}"].astype(np.int64) for part in ("weight", "bias"))
        assert (GREATEST * np.abs(weight).sum(axis=1) + np.abs(bias) < 2**24).all()


def test_scores_are_the_same_in_any_batch(rng):
    images = rng.integers(0, 255, (11, SIDE, SIDE), dtype=np.uint8)
    alone = np.concatenate([lung_scores(image[None]) for image in images])
    np.testing.assert_array_equal(lung_scores(images), alone)
    assert lung_scores(images[:0]).shape == (0, SIDE, SIDE)


def test_contrast_is_normalised_and_may_be_missing():
    ramp = np.tile(np.arange(SIDE, dtype=np.uint8), (SIDE, 1))
    pixels = normalise(np.stack([ramp, 3 * ramp, ramp * 0 + 7]))
    assert pixels[:2].min() == pixels[2].max() == 0
    assert pixels[:2].max() == GREATEST
    np.testing.assert_array_equal(pixels, np.rint(pixels))
    assert np.abs(pixels[0] - pixels[1]).max() <= 1


def test_an_image_without_lungs_gets_the_usual_place():
    blank = np.stack([np.zeros((64, 64), np.uint8), np.full((64, 64), 90, np.uint8)])
    masks, segmented = lung_masks(blank)
    assert not segmented.any()
    assert 0.2 < masks.mean() < 0.6
    assert (masks[0] == masks[1]).all()
    middle = masks[0, 20:44]
    assert middle[:, 12:28].mean() > 0.9
    assert middle[:, 36:52].mean() > 0.9
    assert middle[:, :2].mean() < 0.1
    empty, found = lung_masks(blank[:0])
    assert (empty.shape, found.shape) == ((0, 64, 64), (0,))


def test_hidden_pixels_are_black_or_have_the_grey_of_the_others():
    images = np.array([[[10, 200], [30, 250]], [[5, 5], [5, 5]]], np.uint8)
    hidden = np.array([[[False, True], [False, True]], [[True, True], [True, True]]])
    np.testing.assert_array_equal(covered(images, hidden)[0], [[10, 0], [30, 0]])
    np.testing.assert_array_equal(painted_over(images, hidden)[0], [[10, 20], [30, 20]])
    np.testing.assert_array_equal(painted_over(images, hidden)[1], np.zeros((2, 2)))
