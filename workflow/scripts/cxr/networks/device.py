"""What makes training fast: the device, its numbers, its layouts, the batch that it can hold."""

import logging
import os
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

log = logging.getLogger("cxr")


def best_device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The numbers that a network computes with in training.

    `auto` is bfloat16 where the processor computes with it by itself; without
    that it would be slower than float32.
    """
    if precision == "auto":
        on_gpu = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        on_cpu = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
        precision = "bfloat16" if on_gpu or on_cpu else "float32"
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def mixed(device: torch.device, dtype: torch.dtype) -> torch.autocast:
    """The context in which a network computes with `dtype`; its weights stay float32."""
    return torch.autocast(device.type, dtype=dtype, enabled=dtype != torch.float32)


def make_deterministic() -> None:
    """Operations that give the same result twice, where torch has them."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, or the machine, has no memory left for an array."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)


class StridedDepthwise(nn.Conv2d):
    """A 3 x 3 depthwise convolution of stride 2 with a fast gradient on CPUs.

    oneDNN has no fast kernel for the gradient of its input: in bfloat16 it takes
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


def speed_up(body: nn.Module) -> nn.Module:
    """Gives the depthwise convolutions of stride 2 in `body` their fast gradient; returns it."""
    for parent in list(body.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d) and _is_strided_depthwise(child):
                width = child.in_channels
                fast = StridedDepthwise(width, width, 3, 2, 1, groups=width, bias=False)
                fast.weight = child.weight
                setattr(parent, name, fast)
    return body


def _is_strided_depthwise(layer: nn.Conv2d) -> bool:
    return (
        layer.groups == layer.in_channels == layer.out_channels > 1
        and (layer.stride, layer.kernel_size, layer.padding) == ((2, 2), (3, 3), (1, 1))
        and layer.bias is None
    )
