"""Random changes of radiographs, on the device, every image of a batch by itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms import v2

from cxr.networks.pixels import to_unit

# Least and greatest side of an erased rectangle, as shares of the image's.
ERASED = (0.08, 0.3)


@dataclass(frozen=True)
class Augmentation:
    """How much the images of a training are changed; 0 for not at all.

    Attributes
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
        Share of the images in which a rectangle is filled with one random grey.
    flip : bool
        Whether half of the images are mirrored. It moves the heart to the right.
    """

    rotation: float
    shift: float
    scale: float
    brightness: float
    contrast: float
    noise: float
    erasing: float
    flip: bool


class RadiographAugmentation(v2.Transform):
    """Small changes that a radiograph survives, as a transform of whole batches.

    torchvision's own transforms draw one set of parameters for a batch; this one
    draws them for each image, without a loop over images. From torch's global
    generator of the batch's device, so that a seed repeats them.

    Parameters
    ----------
    settings : Augmentation

    Notes
    -----
    Called on a uint8 Tensor of shape (n, 1, h, w); returns a float one from 0 to 1.

    References
    ----------
    Z. Zhong et al., "Random erasing data augmentation", 2020.
    """

    def __init__(self, settings: Augmentation) -> None:
        super().__init__()
        self.settings = settings

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Parameters for each image: the affine map, brightness, contrast, noise, rectangle."""
        n, device = len(flat_inputs[0]), flat_inputs[0].device
        settings = self.settings

        def uniform(limit: float) -> Tensor:
            return limit * (2 * torch.rand(n, device=device) - 1)

        side = ERASED[0] + (ERASED[1] - ERASED[0]) * torch.rand(2, n, device=device)
        mirror = 1 - 2 * (torch.rand(n, device=device) < 0.5).float()
        return {
            "affine": _affine(
                uniform(math.radians(settings.rotation)),
                1 + uniform(settings.scale),
                uniform(2 * settings.shift),
                uniform(2 * settings.shift),
                mirror if settings.flip else torch.ones(n, device=device),
            ),
            "brightness": uniform(settings.brightness).view(-1, 1, 1, 1),
            "contrast": (1 + uniform(settings.contrast)).view(-1, 1, 1, 1),
            "noise": (settings.noise * torch.rand(n, device=device)).view(-1, 1, 1, 1),
            "erased": torch.rand(n, device=device) < settings.erasing,
            "centre": torch.rand(2, n, device=device),
            "half": side / 2,
            "grey": torch.rand(n, device=device).view(-1, 1, 1, 1),
        }

    def transform(self, inpt: Tensor, params: Mapping[str, Any]) -> Tensor:
        """The changed images."""
        settings = self.settings
        images = to_unit(inpt)
        if settings.rotation or settings.shift or settings.scale or settings.flip:
            grid = F.affine_grid(params["affine"], list(images.shape), align_corners=False)
            images = F.grid_sample(images, grid, align_corners=False)
        if settings.brightness or settings.contrast:
            mean = images.mean(dim=(2, 3), keepdim=True)
            images = (images - mean) * params["contrast"] + mean + params["brightness"]
        if settings.noise:
            images = images + params["noise"] * torch.randn_like(images)
        if settings.erasing:
            images = torch.where(_rectangles(images, params), params["grey"], images)
        return images.clamp_(0, 1)


class MixUp:
    """Mixtures of each image of a batch with the one before it, and of their targets.

    Parameters
    ----------
    alpha : float
        Of the Beta distribution of the share.

    References
    ----------
    H. Zhang et al., "mixup: Beyond empirical risk minimization", 2018.
    """

    def __init__(self, alpha: float) -> None:
        parameter = torch.tensor([alpha])
        self.distribution = torch.distributions.Beta(parameter, parameter)

    def draw(self) -> float:
        """A share, from torch's generator of the CPU."""
        return float(self.distribution.sample())

    @staticmethod
    def mix(batch: Tensor, share: float | Tensor) -> Tensor:
        """A batch with the share `share` of each row, the rest of the row before."""
        return batch.roll(1, 0).mul_(1.0 - share).add_(batch.mul(share))


def _affine(angle: Tensor, scale: Tensor, x: Tensor, y: Tensor, mirror: Tensor) -> Tensor:
    """Inverse affine maps, shape (n, 2, 3), in coordinates from -1 to 1."""
    cos, sin = angle.cos() / scale, angle.sin() / scale
    rows = [torch.stack([cos * mirror, -sin, x], 1), torch.stack([sin * mirror, cos, y], 1)]
    return torch.stack(rows, 1)


def _rectangles(images: Tensor, params: Mapping[str, Any]) -> Tensor:
    """Which pixels are erased, shape (n, 1, h, w)."""
    inside = []
    for axis, length in enumerate(images.shape[2:]):
        position = (torch.arange(length, device=images.device) + 0.5) / length
        distance = (position[None] - params["centre"][axis][:, None]).abs()
        inside.append(distance < params["half"][axis][:, None])
    both = inside[0][:, :, None] & inside[1][:, None, :]
    return (both & params["erased"][:, None, None])[:, None]
