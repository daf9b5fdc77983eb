"""Augmentation changes every image by itself, a little, and never mirrors one unasked."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms import InterpolationMode, v2

from cxr.networks.augmentation import Augmentation, RadiographAugmentation
from cxr.networks.pixels import resize, to_unit
from tests.helpers.learning import AUGMENTATION

NOTHING = Augmentation(*[0.0] * 7, flip=False)


@pytest.fixture
def image():
    """A smooth grey image without symmetry, uint8 of shape (1, 64, 64)."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.rand(1, 1, 5, 5, generator=generator)
    smooth = F.interpolate(coarse, (64, 64), mode="bicubic", align_corners=True)
    return (255 * smooth.clamp(0, 1)).to(torch.uint8)[0]


def changed(image, count=40, **changes):
    torch.manual_seed(0)
    return RadiographAugmentation(replace(NOTHING, **changes))(image.expand(count, 1, 64, 64))


def test_nothing_asked_for_changes_nothing(image):
    assert torch.equal(changed(image), to_unit(image.expand(40, 1, 64, 64)))


def test_every_image_of_a_batch_is_changed_by_itself(image):
    torch.manual_seed(0)
    augmented = RadiographAugmentation(AUGMENTATION)(image.expand(40, 1, 64, 64))
    assert augmented.shape == (40, 1, 64, 64)
    assert augmented.dtype == torch.float32
    assert 0 <= augmented.min() < augmented.max() <= 1
    assert len(torch.unique(augmented, dim=0)) == 40
    torch.manual_seed(0)
    again = RadiographAugmentation(AUGMENTATION)(image.expand(40, 1, 64, 64))
    assert torch.equal(augmented, again)


@pytest.mark.parametrize("degrees", [7, 20])
def test_rotations_are_those_of_torchvision_within_the_limit(image, degrees):
    candidates = torch.stack(
        [
            v2.functional.rotate(image, step / 4, InterpolationMode.BILINEAR)
            for step in range(-4 * degrees - 8, 4 * degrees + 9)
        ]
    )
    centre = slice(16, 48)
    augmented = changed(image, rotation=float(degrees))[..., centre, centre]
    distance = (
        (augmented[:, None] - to_unit(candidates)[None, ..., centre, centre]).abs().mean((2, 3, 4))
    )
    assert distance.min(dim=1).values.max() < 0.01
    angles = (distance.argmin(dim=1) - 4 * degrees - 8) / 4
    assert angles.abs().max() <= degrees + 0.25
    assert angles.min() < -degrees / 2
    assert angles.max() > degrees / 2


def test_shifts_stay_within_their_share_of_the_side():
    dot = torch.zeros(1, 64, 64, dtype=torch.uint8)
    dot[0, 30:34, 30:34] = 255
    augmented = changed(dot, shift=0.1)[:, 0]
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    mass = augmented.sum((1, 2))
    for axis in (rows, columns):
        moved = (augmented * axis).sum((1, 2)) / mass - 31.5
        assert moved.abs().max() <= 6.5
        assert moved.abs().max() > 3


def test_only_asked_images_are_mirrored_and_then_about_half(image):
    mirrored = to_unit(image.flip(-1))
    same = [
        torch.allclose(augmented, mirrored, atol=0.02)
        for augmented in changed(image, 200, flip=True)
    ]
    assert 70 < sum(same) < 130
    assert not any(
        torch.allclose(augmented, mirrored, atol=0.02) for augmented in changed(image, rotation=7.0)
    )


def test_brightness_and_contrast_move_mean_and_spread(image):
    plain = to_unit(image)
    shifted = changed(image, brightness=0.1).mean((1, 2, 3)) - plain.mean()
    assert shifted.abs().max() <= 0.1 + 1e-4
    assert shifted.abs().max() > 0.05
    spread = changed(image, contrast=0.2).std((1, 2, 3)) / plain.std()
    assert 0.79 < spread.min() < 0.9
    assert 1.0 < spread.max() < 1.21


def test_noise_and_erasing_reach_as_many_images_and_pixels_as_they_should(image):
    noisy = changed(image, 200, noise=0.1) - to_unit(image)
    assert 0.09 < noisy.std((1, 2, 3)).max() < 0.11
    erased = (changed(image, 400, erasing=0.5) != to_unit(image)).float().mean((1, 2, 3))
    assert 150 < (erased > 0).sum() < 250
    assert erased.max() <= 0.3**2 + 0.01


def test_images_are_resized_and_scaled():
    images = torch.full((2, 1, 40, 40), 255, dtype=torch.uint8)
    assert to_unit(resize(images, 32)).shape == (2, 1, 32, 32)
    assert resize(images, None) is images
    assert to_unit(images).max() == 1
