"""A strided depthwise convolution with a fast gradient on CPUs."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class StridedDepthwise(nn.Conv2d):
    """A 3 x 3 depthwise convolution of stride 2 with a fast gradient on CPUs.

    oneDNN has no fast kernel for the gradient of its input: in bfloat16 it costs
    forty times the forward pass. The same numbers come from the kernel of stride
    1 on a gradient with zeros between its values.
    """

    def forward(self, images: Tensor) -> Tensor:
        """The convolved images, of half the height and width."""
        if images.device.type != "cpu" or not torch.is_grad_enabled():
            return super().forward(images)
        weight = self.weight
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            images, weight = images.to(dtype), weight.to(dtype)
        return _Strided.apply(images, weight)


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
            for_images = _gradient(spread, images, weight, 1, [True, False, False])[0]
        if ctx.needs_input_grad[1]:
            for_weight = _gradient(gradient, images, weight, 2, [False, True, False])[1]
        return for_images, for_weight


def _gradient(
    gradient: Tensor, images: Tensor, weight: Tensor, stride: int, mask: list[bool]
) -> tuple[Tensor, ...]:
    step, one, none = [stride, stride], [1, 1], [0, 0]
    return torch.ops.aten.convolution_backward(
        gradient, images, weight, None, step, one, one, False, none, images.shape[1], mask
    )


def speed_up(backbone: nn.Module) -> nn.Module:
    """Gives the depthwise convolutions of stride 2 in `backbone` a fast gradient; returns it."""
    for parent in list(backbone.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and _is_strided_depthwise(child):
                width = child.in_channels
                fast = StridedDepthwise(width, width, 3, 2, 1, groups=width, bias=False)
                fast.weight = child.weight
                setattr(parent, name, fast)
    return backbone


def _is_strided_depthwise(layer: nn.Conv2d) -> bool:
    return (
        layer.groups == layer.in_channels == layer.out_channels > 1
        and (layer.stride, layer.kernel_size, layer.padding) == ((2, 2), (3, 3), (1, 1))
        and layer.bias is None
    )
