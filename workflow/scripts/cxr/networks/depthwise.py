"""Depthwise convolutions with a fast gradient, on CPUs and where a card has to repeat itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Depthwise(nn.Conv2d):
    """A depthwise convolution of equal strides and paddings, without a bias.

    On cards torch's own kernels stand in where operations have to be deterministic. They
    add in a fixed order; cuDNN's of channels-last images that do are meant for
    few groups.
    """

    def forward(self, images: Tensor) -> Tensor:
        """The convolved images."""
        if not (images.is_cuda and repeats_itself()):
            return super().forward(images)
        return _Native.apply(*in_autocasts_dtype(images, self.weight), self.stride, self.padding)


class StridedDepthwise(Depthwise):
    """A 3 x 3 depthwise convolution of stride 2 with a fast gradient on CPUs.

    oneDNN has no fast kernel for the gradient of its input: in bfloat16 it costs
    forty times the forward pass. The same numbers come from the kernel of stride
    1 on a gradient with zeros between its values.
    """

    def forward(self, images: Tensor) -> Tensor:
        """The convolved images, of half the height and width."""
        if images.device.type != "cpu" or not torch.is_grad_enabled():
            return super().forward(images)
        return _Strided.apply(*in_autocasts_dtype(images, self.weight))


def repeats_itself() -> bool:
    """Whether a gradient is wanted that is the same each time."""
    return (
        torch.are_deterministic_algorithms_enabled()
        and torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
    )


def in_autocasts_dtype(images: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Images and weight in the numbers of automatic mixed precision, where that is on."""
    device = images.device.type
    if not torch.is_autocast_enabled(device):
        return images, weight
    dtype = torch.get_autocast_dtype(device)
    return images.to(dtype), weight.to(dtype)


class _Strided(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return F.conv2d(images, weight, None, 2, 1, 1, images.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        (gradient,) = gradients
        images, weight = ctx.saved_tensors
        for_images = for_weight = None
        if ctx.needs_input_grad[0]:
            spread = torch.zeros_like(images)
            spread[:, :, ::2, ::2] = gradient
            for_images = _gradient(spread, images, weight, [1, 1], [1, 1], [True, False, False])[0]
        if ctx.needs_input_grad[1]:
            mask = [False, True, False]
            for_weight = _gradient(gradient, images, weight, [2, 2], [1, 1], mask)[1]
        return for_images, for_weight


class _Native(torch.autograd.Function):
    """The convolution by torch's kernels, whose images are not channels-last."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, stride: Any, padding: Any) -> Tensor:
        images, weight = images.contiguous(), weight.contiguous()
        ctx.save_for_backward(images, weight)
        ctx.stride, ctx.padding = list(stride), list(padding)
        with _without_cudnn():
            convolved = F.conv2d(images, weight, None, stride, padding, 1, images.shape[1])
        return convolved.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        images, weight = ctx.saved_tensors
        mask = [*ctx.needs_input_grad[:2], False]
        gradient = gradients[0].contiguous()
        with _without_cudnn():
            found = _gradient(gradient, images, weight, ctx.stride, ctx.padding, mask)
        for_images = found[0].contiguous(memory_format=torch.channels_last) if mask[0] else None
        return for_images, found[1] if mask[1] else None, None, None


@contextmanager
def _without_cudnn() -> Iterator[None]:
    before = torch.backends.cudnn.enabled
    torch.backends.cudnn.enabled = False
    try:
        yield
    finally:
        torch.backends.cudnn.enabled = before


def _gradient(
    gradient: Tensor,
    images: Tensor,
    weight: Tensor,
    stride: list[int],
    padding: list[int],
    mask: list[bool],
) -> tuple[Tensor, ...]:
    one, none = [1, 1], [0, 0]
    return torch.ops.aten.convolution_backward(
        gradient, images, weight, None, stride, padding, one, False, none, images.shape[1], mask
    )


def speed_up(backbone: nn.Module) -> nn.Module:
    """Gives the depthwise convolutions in `backbone` a fast gradient; returns it."""
    for parent in list(backbone.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and _is_depthwise(child):
                setattr(parent, name, _fast(child))
    return backbone


def _fast(layer: nn.Conv2d) -> nn.Conv2d:
    """A layer with the same weights and a fast gradient."""
    width, side, stride = layer.in_channels, layer.kernel_size[0], layer.stride[0]
    padding = int(layer.padding[0])
    strided = (side, stride, padding) == (3, 2, 1)
    kind = StridedDepthwise if strided else Depthwise
    # A layer draws initial weights, after which the next one's depend on the generator: what a
    # seed gives is kept by the places where there are such draws, and where there are none.
    place = "cpu" if strided else "meta"
    fast = kind(width, width, side, stride, padding, groups=width, bias=False, device=place)
    fast.weight = layer.weight
    return fast


def _is_depthwise(layer: nn.Conv2d) -> bool:
    pairs = (layer.kernel_size, layer.stride, layer.padding)
    return (
        layer.groups == layer.in_channels == layer.out_channels > 1
        and all(isinstance(pair, tuple) and pair[0] == pair[1] for pair in pairs)
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
        and layer.bias is None
    )
