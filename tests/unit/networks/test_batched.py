"""Batches of a card are large, and as large as its memory allows."""

from typing import ClassVar

import numpy as np
import pytest
import torch

from cxr.networks import batched
from cxr.networks.pixels import unit_batches

CARD, CPU = torch.device("cuda"), torch.device("cpu")


class Stays(torch.nn.Module):
    """A network that no card is needed for."""

    def to(self, *_, **__):
        return self


class Event:
    """Says how many batches a card had begun when one was waited for."""

    begun = 0
    waited: ClassVar[list[int]] = []

    def record(self):
        Event.begun += 1

    def synchronize(self):
        Event.waited.append(Event.begun)


@pytest.fixture
def card(monkeypatch):
    """The CPU in the place of a card."""
    Event.begun, Event.waited = 0, []
    monkeypatch.setattr(
        batched, "unit_batches", lambda images, n, side, _: unit_batches(images, n, side, CPU)
    )
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)


def sums(images, device, room=None, image_size=None, batch_size=2):
    """The sum of each image, computed in batches of at most `room`; the sizes tried."""
    sizes = []

    def compute(batch):
        sizes.append(len(batch))
        if room is not None and len(batch) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (batch.sum(dim=(1, 2, 3)),)

    results = batched.compute_batches(
        Stays(), compute, images, image_size, device, batch_size=batch_size
    )
    return np.concatenate([values for (values,) in results]), sizes


def test_a_cards_batches_are_large_and_give_the_same(card, rng):
    images = rng.integers(0, 255, (9, 32, 32), dtype=np.uint8)
    expected, sizes = sums(images, CPU)
    assert sizes == [2, 2, 2, 2, 1]
    computed, sizes = sums(images, CARD)
    assert sizes == [9]
    np.testing.assert_allclose(computed, expected, rtol=1e-6)


def test_batches_are_halved_until_they_fit(card, rng, monkeypatch):
    monkeypatch.setattr(batched, "LARGE", 8 * 32 * 32)
    images = rng.integers(0, 255, (9, 32, 32), dtype=np.uint8)
    computed, sizes = sums(images, CARD, room=3)
    assert sizes == [8, 4, 2, 2, 2, 2, 1]
    np.testing.assert_allclose(computed, sums(images, CPU)[0], rtol=1e-6)
    with pytest.raises(torch.OutOfMemoryError):
        sums(images, CARD, room=0)


def test_a_batch_has_the_same_pixels_at_any_size_of_the_input(card, rng, monkeypatch):
    monkeypatch.setattr(batched, "LARGE", 4 * 64 * 64)
    images = rng.integers(0, 255, (16, 32, 32), dtype=np.uint8)
    assert sums(images, CARD, image_size=64)[1] == [4] * 4
    assert sums(images, CARD, batch_size=1)[1] == [16]


def test_a_card_is_two_batches_ahead_of_what_is_waited_for(card, rng, monkeypatch):
    monkeypatch.setattr(batched, "LARGE", 2 * 32 * 32)
    images = rng.integers(0, 255, (10, 32, 32), dtype=np.uint8)
    np.testing.assert_allclose(sums(images, CARD)[0], sums(images, CPU)[0], rtol=1e-6)
    assert Event.waited == [3, 4, 5, 5, 5]


@pytest.mark.parametrize("device", [CPU, CARD])
def test_what_lies_beside_the_images_is_divided_as_they_are(card, rng, monkeypatch, device):
    monkeypatch.setattr(batched, "LARGE", 32 * 32)
    moved = torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor, "to", lambda t, *to, **how: t if CARD in to else moved(t, *to, **how)
    )
    images = rng.integers(0, 255, (5, 32, 32), dtype=np.uint8)
    results = batched.compute_batches(
        Stays(),
        lambda batch, codes: (batch.amax(dim=(1, 2, 3)), codes),
        images,
        None,
        device,
        batch_size=2,
        beside=np.arange(5),
    )
    assert [codes.tolist() for _, codes in results] == [[0, 1], [2, 3], [4]]
    greatest = np.concatenate([values for values, _ in results])
    np.testing.assert_allclose(greatest, images.max(axis=(1, 2)) / 255, rtol=1e-6)
