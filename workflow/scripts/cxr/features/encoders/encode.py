"""Features of image files by an encoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cxr.features.encoders.load import LoadedEncoder
from cxr.images.hiding import Box

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Encoded:
    """Features of the files that could be used, and why the others could not."""

    features: np.ndarray
    rows: np.ndarray
    failures: list[tuple[int, str]]


def encode_files(
    encoder: LoadedEncoder,
    paths: Sequence[Path],
    *,
    batch_size: int,
    device: "torch.device",
    threads: int,
    hidden: Sequence[Sequence[Box]] | None = None,
) -> Encoded:
    """The features of image files."""
    raise NotImplementedError
