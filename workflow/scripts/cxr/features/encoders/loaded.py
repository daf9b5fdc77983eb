"""An encoder that is ready: what it does to an image, and what it makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cxr.core.errors import InputError
from cxr.features.encoders.pixels import BOXLESS
from cxr.images.decode import UnusableImage
from cxr.images.hiding import Box

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

MATRIX = 2  # dimensions of pooled outputs, a row an image


@dataclass(frozen=True)
class LoadedEncoder:
    """A published network with its own preprocessing.

    Attributes
    ----------
    network : Module
        In evaluation, float32.
    forward : callable
        Features, float of shape (n, dimension), from a batch of n inputs of `input_shape` on the
        network's device.
    dimension : int
        Numbers that it gives for an image.
    input_shape : (channels, height, width)
    least_side : int
        Pixels that the shorter side of an image must have: one of its patches.
    read : callable
        The pixels of a file, with boxes that are painted over, as `transform` takes them.
    transform : callable
        Its own preprocessing: a float32 array of shape `input_shape` from such pixels.
    description : mapping
        Its preprocessing, output and versions, for the record.
    """

    network: "nn.Module"
    forward: "Callable[[Tensor], Tensor]"
    dimension: int
    input_shape: tuple[int, int, int]
    least_side: int
    read: "Callable[[Path, Sequence[Box]], Image.Image | np.ndarray]"
    transform: "Callable[[Any], np.ndarray]"
    description: Mapping[str, Any]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of its input, pixels."""
        return self.input_shape[1:]

    def preprocess(self, path: Path, hidden: Sequence[Box] = BOXLESS) -> np.ndarray:
        """An image file as the network takes it, float32 of shape `input_shape`.

        Parameters
        ----------
        path : Path
        hidden : sequence of boxes
            Painted over before, see `cxr.images.hiding.hide`.

        Raises
        ------
        UnusableImage
            If the file can't be read, or its image is too small for the network.
        """
        image = self.read(path, hidden)
        height, width = image.shape if isinstance(image, np.ndarray) else image.size[::-1]
        if min(height, width) < self.least_side:
            raise UnusableImage(
                f"{width} x {height} pixels, less than one patch of the encoder "
                f"({self.least_side} pixels)"
            )
        pixels = self.transform(image)
        if pixels.shape != self.input_shape:
            raise UnusableImage(
                f"{shape_words(pixels.shape)} after the encoder's preprocessing, not "
                f"{shape_words(self.input_shape)}"
            )
        return pixels


def shape_words(shape: Sequence[int]) -> str:
    """A shape as people write it: 3 x 224 x 224."""
    return " x ".join(str(length) for length in shape)


def dimension_of(
    forward: "Callable[[Tensor], Tensor]", input_shape: Sequence[int], folder: Path
) -> int:
    """The numbers that an encoder gives for an image, by trial.

    Raises
    ------
    InputError
        If what it gives is not one row of numbers for each image.
    """
    import torch

    with torch.inference_mode():
        output = forward(torch.zeros((1, *input_shape)))
    if output.ndim != MATRIX or len(output) != 1:
        raise InputError(
            f"{folder}: the encoder has no pooled output, but one of {shape_words(output.shape)} "
            f"for an image; set its `pooling` to cls or mean"
        )
    return int(output.shape[1])
