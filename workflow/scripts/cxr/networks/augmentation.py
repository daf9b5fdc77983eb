"""Random changes of radiographs, on the device, every image of a batch by itself."""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms import v2

# Least and greatest side of an erased rectangle, as shares of the image's.
ERASED = (0.08, 0.3)


class RadiographAugmentation(v2.Transform):
    """Small changes that a radiograph survives, as a transform of whole batches.

    torchvision's own transforms draw one set of parameters for a batch; this one
    draws them for each image, without a loop over images. From torch's global
    generator of the batch's device, so that a seed repeats them.

    Parameters
    ----------
    rotation : float
        Most degrees to either side.
    shift, scale : float
        Most movement, as a share of the side, and most growth or shrinkage.
    brightness, contrast : float
        Most change of the mean, as a share of the range, and of the distance from it.
    noise : float
        Most standard deviation of Gaussian noise, as a share of the range.
    erasing : float
        Share of the images in which a rectangle takes one random grey.
    flip : bool
        Whether half of the images are mirrored. It moves the heart to the right.

    Notes
    -----
    Called on a uint8 Tensor of shape (n, 1, h, w); returns a float one from 0 to 1.

    References
    ----------
    Z. Zhong et al., "Random erasing data augmentation", 2020.
    """

    def __init__(
        self,
        rotation: float,
        shift: float,
        scale: float,
        brightness: float,
        contrast: float,
        noise: float,
        erasing: float,
        flip: bool,
    ) -> None:
        super().__init__()
        self.rotation, self.shift, self.scale, self.flip = rotation, shift, scale, flip
        self.brightness, self.contrast = brightness, contrast
        self.noise, self.erasing = noise, erasing

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Parameters for each image: the affine map, brightness, contrast, noise, rectangle."""
        n, device = len(flat_inputs[0]), flat_inputs[0].device

        def within(most: float) -> Tensor:
            return most * (2 * torch.rand(n, device=device) - 1)

        side = ERASED[0] + (ERASED[1] - ERASED[0]) * torch.rand(2, n, device=device)
        mirror = torch.where(torch.rand(n, device=device) < 0.5, -1.0, 1.0)
        return {
            "affine": _affine(
                within(math.radians(self.rotation)),
                1 + within(self.scale),
                within(2 * self.shift),
                within(2 * self.shift),
                mirror if self.flip else torch.ones(n, device=device),
            ),
            "brightness": within(self.brightness).view(-1, 1, 1, 1),
            "contrast": (1 + within(self.contrast)).view(-1, 1, 1, 1),
            "noise": (self.noise * torch.rand(n, device=device)).view(-1, 1, 1, 1),
            "erased": torch.rand(n, device=device) < self.erasing,
            "centre": torch.rand(2, n, device=device),
            "half": side / 2,
            "grey": torch.rand(n, device=device).view(-1, 1, 1, 1),
        }

    def transform(self, inpt: Tensor, params: Mapping[str, Any]) -> Tensor:
        """The changed images."""
        images = inpt.to(torch.float32).div_(255)
        if self.rotation or self.shift or self.scale or self.flip:
            where = F.affine_grid(params["affine"], list(images.shape), align_corners=False)
            images = F.grid_sample(images, where, align_corners=False)
        if self.brightness or self.contrast:
            mean = images.mean(dim=(2, 3), keepdim=True)
            images = (images - mean) * params["contrast"] + mean + params["brightness"]
        if self.noise:
            images = images + params["noise"] * torch.randn_like(images)
        if self.erasing:
            images = torch.where(_rectangles(images, params), params["grey"], images)
        return images.clamp_(0, 1)


def _affine(turn: Tensor, scale: Tensor, x: Tensor, y: Tensor, mirror: Tensor) -> Tensor:
    """Inverse affine maps, shape (n, 2, 3), in coordinates from -1 to 1."""
    cos, sin = turn.cos() / scale, turn.sin() / scale
    rows = [torch.stack([cos * mirror, -sin, x], 1), torch.stack([sin * mirror, cos, y], 1)]
    return torch.stack(rows, 1)


def _rectangles(images: Tensor, params: Mapping[str, Any]) -> Tensor:
    """Which pixels are erased, shape (n, 1, h, w)."""
    inside = []
    for axis, length in enumerate(images.shape[2:]):
        place = (torch.arange(length, device=images.device) + 0.5) / length
        away = (place[None] - params["centre"][axis][:, None]).abs()
        inside.append(away < params["half"][axis][:, None])
    both = inside[0][:, :, None] & inside[1][:, None, :]
    return (both & params["erased"][:, None, None])[:, None]


def to_unit(images: Tensor) -> Tensor:
    """uint8 to float from 0 to 1."""
    return images.to(torch.float32).div_(255)


def resize(images: Tensor, size: int | None) -> Tensor:
    """Images of shape (n, 1, h, w) at `size`; as they are where it is None or theirs."""
    if size is None or images.shape[-1] == size:
        return images
    return v2.functional.resize(images, [size, size], antialias=True)
