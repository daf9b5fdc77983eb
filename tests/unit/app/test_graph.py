"""The graph of the page says what torch says, and its maps are Grad-CAM."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torch.nn.functional as F

from cxr.app import graph as graphs
from cxr.app.graph import Explained, browser_graph, least_correlation
from cxr.app.short_weights import as_float16, as_float24, as_int16, shortened
from cxr.evaluation.gradcam import grad_cam
from cxr.networks.architecture import build_network

SIDE = 64
CARD = {"image_size": SIDE}


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (6, SIDE, SIDE)).astype(np.uint8)


@pytest.fixture
def network():
    built = build_network("conv5", 3, 16, 0.2, seed=1, n_tags=2).eval()
    torch.manual_seed(0)
    for parameter in built.output.parameters():
        torch.nn.init.normal_(parameter)
    return built


def test_its_maps_are_grad_cam_of_each_class(network, images):
    batch = torch.from_numpy(images[:, None]).float() / 255
    with torch.no_grad():
        cams = Explained(network)(batch)[4]
    large = F.interpolate(cams, (SIDE, SIDE), mode="bilinear", align_corners=False)
    large = (large / large.amax(dim=(2, 3), keepdim=True).clamp_min(1e-30)).numpy()
    seen = 0
    for target in range(3):
        codes = np.full(len(images), target)
        expected = grad_cam(network, images, SIDE, codes, device="cpu")
        np.testing.assert_allclose(large[:, target], expected, atol=1e-4)
        seen += int(expected.max() == 1)
    # A class of which nothing is evidence has an empty map.
    assert seen


def test_it_computes_what_torch_computes(network, images):
    graph = browser_graph(network, CARD, images)
    assert graph.precision == "float32"
    assert graph.difference < 1e-5
    assert graph.correlation > 0.9999
    session = onnxruntime.InferenceSession(graph.onnx)
    batch = images[:, None].astype(np.float32) / 255
    probabilities, labels, features, outputs, _ = session.run(None, {"images": batch})
    with torch.no_grad():
        units = network.features(torch.from_numpy(batch))
        logits = network(torch.from_numpy(batch))
        maps = network.maps(torch.from_numpy(batch)).mean(dim=(2, 3))
    np.testing.assert_allclose(probabilities, logits[:, :3].softmax(dim=1), atol=1e-5)
    np.testing.assert_allclose(labels, logits.sigmoid(), atol=1e-5)
    np.testing.assert_allclose(features, units, atol=1e-4)
    np.testing.assert_allclose(outputs, maps, atol=1e-4)


def test_weights_of_16_bits_are_half_as_large_and_compute_nearly_the_same(network, images):
    full = browser_graph(network, CARD, images).onnx
    batch = {"images": images[:, None].astype(np.float32) / 255}
    (expected,) = onnxruntime.InferenceSession(full).run(["probabilities"], batch)
    vectors = [t for t in onnx.load_from_string(full).graph.initializer if len(t.dims) == 1]
    assert vectors
    for form, tolerance in (("float16", 5e-3), ("int16", 5e-4)):
        short = shortened(full, form)
        assert len(short) < 0.6 * len(full)
        (found,) = onnxruntime.InferenceSession(short).run(["probabilities"], batch)
        np.testing.assert_allclose(found, expected, atol=tolerance)
        tensors = {t.name: t for t in onnx.load_from_string(short).graph.initializer}
        assert all(tensors[vector.name] == vector for vector in vectors)


def test_whole_numbers_are_within_half_a_step_and_finer_than_float16(rng):
    values = rng.normal(0, [[[1e-6]], [[0.05]], [[3.0]], [[1e6]], [[0.0]]], (5, 64, 9))
    values = values.astype(np.float32)
    whole, scale = as_int16(values)
    assert whole.dtype == np.int16
    assert scale.shape == (5, 1, 1)
    # float32 itself rounds the product in its 24th bit.
    steps = np.abs(whole * scale - values) / scale
    assert steps.max() <= 0.5 + 2**15 * 2**-23
    np.testing.assert_array_equal((whole * scale)[4], 0)
    errors = [np.abs(made - values)[1:3].mean() for made in (whole * scale, as_float16(values)[0])]
    assert 4 * errors[0] < errors[1]


def test_numbers_of_24_bits_are_the_nearest_ones_and_stay_finite(rng):
    greatest = np.finfo(np.float32).max
    values = (rng.normal(0, 1, 5000) * 10.0 ** rng.integers(-30, 30, 5000)).astype(np.float32)
    values = np.concatenate([values, [0, greatest, -greatest]]).astype(np.float32)
    short, scale = as_float24(values)
    assert scale is None
    assert short.dtype == np.float32
    assert not (short.view(np.uint32) & 0xFF).any()
    # Half of the last of 15 bits behind the first one.
    np.testing.assert_allclose(short, values, rtol=2**-16)


def put_at_the_edge(network, short, images):
    """Moves the bias of a feature so far that it is nearly 0 and float16 makes it another sign."""
    batch = torch.from_numpy(images[:, None]).float() / 255
    (means,) = onnxruntime.InferenceSession(short).run(["outputs"], {"images": batch.numpy()})
    dense, output = network.dense[0], network.output[1]
    with torch.no_grad():
        exact = dense(network.maps(batch).mean(dim=(2, 3)))
        half = torch.from_numpy(means) @ dense.weight.half().float().T + dense.bias
        moved = half - exact
        image, unit = np.unravel_index(int(moved.abs().argmax()), moved.shape)
        dense.bias[unit] -= exact[image, unit] + moved[image, unit] / 2
        output.weight[:, unit] = torch.tensor([20.0, -20.0, 0.0, 0.0, 0.0])


def test_weights_that_change_maps_are_not_shortened_so_far(network, images, monkeypatch):
    monkeypatch.setattr(graphs, "FULL_UP_TO", 0)
    monkeypatch.setattr(graphs, "HALF_TOLERANCE", 5e-3)
    short = browser_graph(network, CARD, images)
    assert short.precision == "float16"
    put_at_the_edge(network, short.onnx, images)
    chosen = browser_graph(network, CARD, images)
    assert chosen.precision == "int16"
    assert chosen.correlation >= 0.99
    tensors = onnx.load_from_string(chosen.onnx).graph.initializer
    assert {t.data_type for t in tensors if t.name.endswith("_16")} == {onnx.TensorProto.INT16}
    # Probabilities alone would not have said so.
    monkeypatch.setattr(graphs, "CORRELATION", 0)
    short = browser_graph(network, CARD, images)
    assert short.precision == "float16"
    assert short.correlation < 0.99
    monkeypatch.setattr(graphs, "CORRELATION", 1.1)
    assert browser_graph(network, CARD, images).precision == "float32"


def test_the_least_correlation_is_that_of_maps_that_show_something(rng):
    maps = rng.random((5, 4, 4)).astype(np.float32)
    assert least_correlation(maps, 3 * maps + 1) == pytest.approx(1)
    other = maps + rng.normal(0, 0.1, maps.shape)
    each = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(maps, other, strict=True)]
    assert least_correlation(maps, other) == pytest.approx(min(each))
    empty = maps.copy()
    empty[2] = 0
    assert least_correlation(maps, empty) == 0
    assert least_correlation(empty, empty) == pytest.approx(1)
    noise = empty.copy()
    noise[2, 1, 1] = 1e-9
    assert least_correlation(noise, empty) == pytest.approx(1)
    assert least_correlation(np.zeros((3, 2, 2)), np.zeros((3, 2, 2))) == 1
