"""The fast gradient is torch's own, and precision follows the processor."""

from pathlib import Path

import pytest
import torch
import torchvision

from cxr.networks.architecture import build_network
from cxr.networks.depthwise import Depthwise, StridedDepthwise, _Native, speed_up
from cxr.networks.device import (
    GIB,
    choose_device,
    choose_dtype,
    mixed_precision,
    set_deterministic,
)


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


@pytest.fixture
def card(monkeypatch):
    """A card as torch tells of it; its facts can be changed."""
    choose_device.cache_clear()
    facts = {"free": 70, "bfloat16": True}
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(
        torch.cuda, "mem_get_info", lambda: (int(facts["free"] * GIB), int(80 * GIB))
    )
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A card")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: facts["bfloat16"])
    monkeypatch.setattr(torch, "ones", lambda *_, **__: torch.zeros(1))
    yield facts
    choose_device.cache_clear()


def test_a_card_is_used_and_named(card, caplog):
    caplog.set_level("INFO", logger="cxr")
    assert choose_device("auto").type == "cuda"
    assert choose_device("auto").type == "cuda"
    assert caplog.messages == ["device: A card, 80.0 GiB, 70.0 GiB of it free"]


def test_a_card_is_left_alone_where_the_config_says_so(card):
    assert choose_device("cpu").type == "cpu"


def test_a_card_without_memory_gets_a_line_and_the_cpu(card, caplog):
    card["free"] = 1.5
    assert choose_device("gpu").type == "cpu"
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("WARNING", "device: the CPU: the card has 1.5 GiB free, less than 2 GiB")
    ]


def test_a_card_without_bfloat16_is_used_only_where_it_is_asked_for(card, caplog):
    caplog.set_level("INFO", logger="cxr")
    card["bfloat16"] = False
    assert choose_device("auto").type == "cpu"
    assert "has no bfloat16" in caplog.text
    assert choose_device("gpu").type == "cuda"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            RuntimeError(
                "The NVIDIA driver on your system is too old (found version 11040). Please update"
            ),
            "The NVIDIA driver on your system is too old (found version 11040)",
        ),
        (
            RuntimeError("CUDA error: no kernel image is available\nCUDA kernel errors might"),
            "CUDA error: no kernel image is available",
        ),
        (AssertionError("Torch not compiled with CUDA enabled"), "Torch not compiled with CUDA"),
    ],
)
def test_what_is_wrong_with_a_card_is_one_line(card, caplog, monkeypatch, error, line):
    def fail():
        raise error

    monkeypatch.setattr(torch.cuda, "init", fail)
    assert choose_device("gpu").type == "cpu"
    (message,) = caplog.messages
    assert message.startswith(f"device: the CPU: {line}")
    assert "\n" not in message


def test_a_torch_without_cuda_is_said(card, caplog, monkeypatch):
    caplog.set_level("INFO", logger="cxr")
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    assert choose_device().type == "cpu"
    assert caplog.messages == ["device: the CPU: torch is built without CUDA"]


def test_operations_repeat_themselves_where_they_have_to(monkeypatch):
    set_deterministic(False, torch.device("cpu"))
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark
    set_deterministic(True, torch.device("cpu"))
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize("stride", [1, 2])
def test_torchs_own_depthwise_kernels_give_torchs_gradient(stride):
    torch.manual_seed(0)
    layer = Depthwise(8, 8, 3, stride, 1, groups=8, bias=False)
    images = torch.randn(2, 8, 9, 7).to(memory_format=torch.channels_last)
    gradients = []
    for compute in (
        layer,
        lambda x: _Native.apply(x, layer.weight, layer.stride, layer.padding),
    ):
        layer.zero_grad()
        leaf = images.clone().requires_grad_()
        convolved = compute(leaf)
        convolved.square().sum().backward()
        gradients.append((convolved.detach(), leaf.grad, layer.weight.grad.clone()))
    for expected, computed in zip(*gradients, strict=True):
        torch.testing.assert_close(computed, expected)
    assert torch.backends.cudnn.enabled


def test_a_fast_depthwise_layer_draws_no_weights_but_one_of_stride_two_always_did():
    """What a seed gives is kept: the dense layer's weights are drawn after those."""
    made = build_network("mobilenet_v2", 2, 8, 0.2, seed=1)
    layers = [layer for layer in made.modules() if isinstance(layer, Depthwise)]
    assert len(layers) == 17
    assert not any(parameter.is_meta for parameter in made.parameters())
    torch.manual_seed(1)
    torchvision.models.mobilenet_v2(weights=None)
    for layer in layers:
        if isinstance(layer, StridedDepthwise):
            torch.nn.init.kaiming_uniform_(torch.empty_like(layer.weight), a=5**0.5)
    dense = torch.nn.Linear(1280, 8)
    assert torch.equal(made.dense[0].weight, dense.weight)
