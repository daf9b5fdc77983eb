"""Without a usable card one line says why, and the CPU computes."""

import logging
import sys

import numpy as np
import pytest

from cxr.core.errors import InputError
from cxr.embedding import gpu, tsne_gpu
from cxr.embedding.card import Card
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import EXACT_LIMIT, TsneSettings, embed_runs


@pytest.fixture
def no_card(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    gpu.find_card.cache_clear()
    yield
    gpu.find_card.cache_clear()


def card_with(free_bytes):
    """A card with so much memory, which is only asked for it."""

    class Small(Card):
        def free_bytes(self):
            return free_bytes

    return Small("cuda", "Small GPU")


def test_without_a_card_the_log_says_so_once_and_maps_are_the_cpus(no_card, rng, caplog):
    points = find_neighbours(np.array([*"abcdefgh"]), rng.normal(size=(8, 3)), 3.0, 1)
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            found = embed_runs(points, [(2.0, 0)], TsneSettings(device="gpu"), 1)
    assert found.equals(embed_runs(points, [(2.0, 0)], TsneSettings(), 1))
    lines = [line for line in caplog.messages if "embedding.device" in line]
    assert len(lines) == 1
    assert "maps are computed on the CPU: " in lines[0]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (AssertionError("Torch not compiled with CUDA enabled"), "Torch not compiled with CUDA"),
        (
            RuntimeError("The NVIDIA driver on your system is too old (found version 1). Update"),
            "The NVIDIA driver on your system is too old",
        ),
    ],
)
def test_what_torch_says_of_the_driver_is_the_reason(monkeypatch, error, reason):
    import torch

    def init():
        raise error

    monkeypatch.setattr(torch.cuda, "init", init)
    assert str(gpu.probe()).startswith(reason)


def test_without_torch_the_reason_is_that(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert gpu.probe() == "torch is not installed"


@pytest.mark.parametrize(("capability", "reason"), [((9, 0), "no code"), ((6, 1), "7.0 is needed")])
def test_a_card_that_can_not_run_the_kernels_is_named_with_the_reason(
    monkeypatch, capability, reason
):
    import torch
    from triton.errors import TritonError

    def compute_maps(*_):
        raise TritonError("no code for this card. More")

    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Odd GPU")
    monkeypatch.setattr(tsne_gpu, "compute_maps", compute_maps)
    found = str(gpu.probe())
    assert found.startswith("Odd GPU")
    assert reason in found
    assert "More" not in found


def test_small_maps_go_to_the_cpu_where_memory_is_short_and_large_ones_stop(monkeypatch, caplog):
    monkeypatch.setattr(gpu, "find_card", lambda: card_with(1000))
    assert gpu.card_for(100, optional=True) is None
    assert "Small GPU" in caplog.text
    large = find_neighbours(np.zeros(EXACT_LIMIT + 1, np.str_), np.ones((EXACT_LIMIT + 1, 1)), 1, 1)
    with pytest.raises(
        InputError, match=r"'embedding.device': a map of 2,001 images takes"
    ) as error:
        embed_runs(large, [(1.0, 0)], TsneSettings(device="gpu"), 1)
    assert str(error.value).startswith("config key 'embedding.device': ")
    assert "`gradient: infotsne`, which is another method" in str(error.value)
