"""The graph of the page says what torch says, and its maps are Grad-CAM."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cxr.app.graph import Explained, browser_graph, shortened
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
    import onnxruntime

    graph = browser_graph(network, CARD, images)
    assert graph.precision == "float32"
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
    short = shortened(graph.onnx)
    assert len(short) < 0.6 * len(graph.onnx)
    found = onnxruntime.InferenceSession(short).run(["probabilities"], {"images": batch})[0]
    np.testing.assert_allclose(found, probabilities, atol=5e-3)
