"""Which card computes maps, and why none does."""

from __future__ import annotations

import logging
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from cxr.core.errors import InputError
from cxr.embedding.card import Card, map_bytes
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne_batches import MapRequest

if TYPE_CHECKING:
    import torch

log = logging.getLogger("cxr")

# Triton's kernels need this compute capability.
LEAST_CAPABILITY = (7, 0)


@cache
def find_card() -> Card | None:
    """The card of this process; without a usable one None, and the log says why."""
    found = probe()
    if isinstance(found, Card):
        log.info("maps are computed on %s", found.name)
        return found
    log.warning("embedding.device is gpu, but maps are computed on the CPU: %s", found)
    return None


def torch_device(wanted: str) -> torch.device:
    """The device of maps by torch: the card where `gpu` is wanted and there is a usable one."""
    import torch

    card = find_card() if wanted == "gpu" else None
    return torch.device("cpu") if card is None else card.device


def card_for(n: int, optional: bool) -> Card | None:
    """The card for maps of n points; where `optional`, None if its memory does not suffice.

    Raises
    ------
    InputError
        If a map that is not optional does not fit.
    """
    card = find_card()
    if card is None:
        return None
    needed, free = sum(map_bytes(n)), card.free_bytes()
    if needed <= free:
        return card
    line = (
        f"config key 'embedding.device': a map of {n:,} images takes {needed / 2**30:.1f} GiB of "
        f"{card.name}, {free / 2**30:.1f} GiB are free"
    )
    if not optional:
        raise InputError(
            f"{line}; use `gradient: infotsne`, which is another method, or `device: cpu`, or map "
            f"fewer classes"
        )
    log.warning("%s: it is computed on the CPU", line)
    return None


def probe() -> Card | str:
    """The card, or in a sentence why there is none."""
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    try:
        torch.cuda.init()
        capability = torch.cuda.get_device_capability()
        name = torch.cuda.get_device_name()
    except (RuntimeError, AssertionError) as error:
        return _first_sentence(error)
    if capability < LEAST_CAPABILITY:
        needed, has = (".".join(map(str, each)) for each in (LEAST_CAPABILITY, capability))
        return f"{name} has compute capability {has}, {needed} is needed"
    card = Card(torch.device("cuda"), name)
    try:
        _try_out(card)
    except (RuntimeError, OSError, ImportError, subprocess.CalledProcessError) as error:
        return f"{name} does not run the kernels: {_first_sentence(error)}"
    return card


def _try_out(card: Card) -> None:
    """A map of three points: compiles the kernels, and shows what is missing to run them."""
    from triton.errors import TritonError  # type: ignore[import-untyped]

    from cxr.embedding.tsne_gpu import compute_maps

    points = find_neighbours(np.zeros(3, np.str_), np.eye(3), 1.0, 1)
    try:
        list(compute_maps([MapRequest(points, [(1.0, 0)])], card))
    except TritonError as error:
        raise RuntimeError(str(error)) from error


def _first_sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].split(". ")[0].rstrip(".")
