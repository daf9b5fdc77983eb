"""An encoder from its files: what it does to an image, and what it makes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class LoadedEncoder:
    """A published network, ready to encode."""

    network: "nn.Module"
    dimension: int
    image_size: tuple[int, int]
    preprocess: Callable[..., np.ndarray]
    forward: "Callable[[Tensor], Tensor]"
    description: Mapping[str, Any]


def load_encoder(settings: Mapping[str, Any], folder: Path) -> LoadedEncoder:
    """The encoder whose files `download_encoder` put into a folder."""
    raise NotImplementedError
