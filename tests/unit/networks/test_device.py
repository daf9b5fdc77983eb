"""The fast gradient is torch's own, and precision follows the processor."""

from pathlib import Path

import pytest
import torch
import torchvision

from cxr.networks.depthwise import StridedDepthwise, speed_up
from cxr.networks.device import choose_dtype, mixed_precision


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [(64, 64), (65, 48)])
def test_the_fast_gradient_is_torchs(dtype, size):
    torch.manual_seed(0)
    theirs = torchvision.models.mobilenet_v2(weights=None).features
    ours = torchvision.models.mobilenet_v2(weights=None).features
    ours.load_state_dict(theirs.state_dict())
    ours = speed_up(ours)
    assert sum(isinstance(layer, StridedDepthwise) for layer in ours.modules()) == 4
    gradients = []
    for backbone in (theirs, ours):
        images = torch.rand(
            3, 3, *size, generator=torch.Generator().manual_seed(1)
        ).requires_grad_()
        with mixed_precision(torch.device("cpu"), dtype):
            backbone(images).float().square().mean().backward()
        gradients.append([images.grad, *(weight.grad for weight in backbone.parameters())])
    # The order of sums may differ from processor to processor, not more.
    tolerance = 1e-4 if dtype == torch.float32 else 0.03
    for expected, computed in zip(*gradients, strict=True):
        assert (computed - expected).norm() <= tolerance * expected.norm()
    assert set(ours.state_dict()) == set(theirs.state_dict())


def test_other_networks_are_left_as_they_are():
    backbone = speed_up(torchvision.models.densenet121(weights=None).features)
    assert not any(isinstance(layer, StridedDepthwise) for layer in backbone.modules())


def test_precision_is_what_is_asked_for_and_auto_follows_the_processor():
    cpu = torch.device("cpu")
    assert choose_dtype("float32", cpu) == torch.float32
    assert choose_dtype("bfloat16", cpu) == torch.bfloat16
    has = "avx512_bf16" in Path("/proc/cpuinfo").read_text()
    assert (choose_dtype("auto", cpu) == torch.bfloat16) == has
