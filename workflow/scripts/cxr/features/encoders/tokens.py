"""One vector of an image from the outputs of a network for its patches."""

from pathlib import Path
from typing import TYPE_CHECKING

from cxr.core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

TOKENS = 3  # dimensions: images, tokens, channels


def class_token(output: "Tensor", prefix: int, folder: Path) -> "Tensor":
    """The first token.

    Parameters
    ----------
    output : Tensor, shape (n, tokens, channels)
    prefix : int
        Tokens before those of the patches.
    folder : Path
        For the message.

    Raises
    ------
    InputError
        If the first token is that of a patch.
    """
    if output.ndim != TOKENS or prefix < 1:
        raise InputError(f"{folder}: the encoder has no class token; set its `pooling` to mean")
    return output[:, 0]


def mean_of_patches(output: "Tensor", prefix: int, folder: Path) -> "Tensor":
    """The mean over the patches, or over the places of a map of channels.

    Parameters
    ----------
    output : Tensor, shape (n, tokens, channels) or (n, channels, height, width)
    prefix : int
        Tokens before those of the patches.
    folder : Path
        Not used; as of `class_token`.
    """
    return output[:, prefix:].mean(1) if output.ndim == TOKENS else output.mean((2, 3))
