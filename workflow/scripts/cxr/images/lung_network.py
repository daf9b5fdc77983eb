"""A small U-Net that finds lungs, in whole numbers: the same masks on every processor.

Its weights and what passes between its layers are rounded to seven bits, so that every
sum stays below 2^24 and float32 holds it exactly, in whatever order it is added up.
It learned from outlines of V7 Labs and CloudFactory (CC BY 4.0,
https://github.com/v7labs/covid-19-xray-dataset) by `tests/benchmarks/lungs_training.py`.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from cxr.core.io import read_arrays

FILE = Path(__file__).with_name("lungs.npz")
SIDE = 64  # of its input and output, pixels
MEMBERS = 3  # networks, each trained without another third of the patients
GREATEST = 127  # of the rounded numbers
DARK, BRIGHT = 2, 98  # percentiles that become 0 and `GREATEST`
# Two convolutions a level on the way down, one on the way up, where the level's own maps join.
DOWN, UP = ("down1", "down2", "down3", "down4"), ("up3", "up2", "up1")
BATCH = 8


def normalise(images: np.ndarray) -> np.ndarray:
    """Grey values between the dark and the bright percentile, in whole numbers.

    Parameters
    ----------
    images : uint8 array, shape (n, SIDE, SIDE)

    Returns
    -------
    float32 array, shape (n, SIDE, SIDE)
        0 to `GREATEST`; 0 where an image has no contrast.
    """
    low, high = np.percentile(images, (DARK, BRIGHT), axis=(1, 2))[..., None, None]
    span = np.where(high > low, high - low, np.inf)
    return np.rint(GREATEST * np.clip((images - low) / span, 0, 1)).astype(np.float32)


def lung_scores(images: np.ndarray, members: Sequence[int] = range(MEMBERS)) -> np.ndarray:
    """The mean log-odds that each pixel lies in a lung, float32 of shape (n, SIDE, SIDE).

    Parameters
    ----------
    images : uint8 array, shape (n, SIDE, SIDE)
    members : sequence of int
        The networks that are averaged, from 0.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical
    image segmentation", 2015.
    B. Jacob et al., "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", 2018.
    """
    scores = np.zeros(images.shape, dtype=np.float32)
    for start in range(0, len(images), BATCH):
        pixels = normalise(images[start : start + BATCH])[None]
        for member in members:
            scores[start : start + BATCH] += _log_odds(f"{member}.", pixels)
    return scores / np.float32(len(members))


def mean_mask() -> np.ndarray:
    """The mean of the masks that the networks learned from, uint8 of shape (SIDE, SIDE)."""
    return _tensors()["mean"]


def _log_odds(member: str, pixels: np.ndarray) -> np.ndarray:
    """One network's output, shape (n, SIDE, SIDE), of pixels of shape (1, n, SIDE, SIDE)."""
    levels: list[np.ndarray] = []
    maps = pixels
    for level in DOWN:
        if levels:
            maps = _pooled(maps)
        maps = _layer(f"{member}{level}b", _layer(f"{member}{level}a", maps))
        levels.append(maps)
    levels.pop()
    for level in UP:
        wide = maps.repeat(2, axis=2).repeat(2, axis=3)
        maps = _layer(member + level, np.concatenate([wide, levels.pop()]))
    weight, bias, scale = _parameters(f"{member}output")
    return ((np.tensordot(weight, maps, 1) + bias[:, None, None, None]) * scale)[0]


def _pooled(maps: np.ndarray) -> np.ndarray:
    """The greatest of each 2 x 2 values."""
    rows = np.maximum(maps[:, :, ::2], maps[:, :, 1::2])
    return np.maximum(rows[..., ::2], rows[..., 1::2])


def _layer(name: str, maps: np.ndarray) -> np.ndarray:
    """A 3 x 3 convolution of maps of shape (channels, n, h, w), rectified and rounded."""
    _, n, h, w = maps.shape
    weight, bias, scale = _parameters(name)
    wide = np.pad(maps, ((0, 0), (0, 0), (1, 1), (1, 1)))
    shifted = [wide[:, :, i : i + h, j : j + w].reshape(len(maps), -1) for i, j in np.ndindex(3, 3)]
    sums = weight @ np.concatenate(shifted) + bias[:, None]
    return np.clip(np.rint(sums * scale[:, None]), 0, GREATEST).reshape(-1, n, h, w)


@cache
def _tensors() -> dict[str, np.ndarray]:
    return read_arrays(FILE)


@cache
def _parameters(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (out, inputs), bias (out) and scale (out) of a layer, as float32."""
    tensors = _tensors()
    weight, bias, scale = (
        tensors[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias", "scale")
    )
    return weight, bias, scale
