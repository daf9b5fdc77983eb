"""Batches of a card are large, and as large as its memory allows."""

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


class Stream:
    def synchronize(self):
        pass


@pytest.fixture
def card(monkeypatch):
    """The CPU in the place of a card."""
    monkeypatch.setattr(
        batched, "unit_batches", lambda images, n, side, _: unit_batches(images, n, side, CPU)
    )
    monkeypatch.setattr(torch.cuda, "current_stream", Stream)
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
