"""The network as the page runs it: an ONNX graph with Grad-CAM, its weights as short as may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cxr.core.errors import InputError
from cxr.inference.onnx import write_graph
from cxr.networks.architecture import Network
from cxr.networks.pixels import resize, to_unit

OUTPUTS = ("probabilities", "labels", "features", "outputs", "cams")
# Of a probability, from torch's: half of what the page promises, since few images are compared.
HALF_TOLERANCE = 5e-4
FULL_TOLERANCE = 1e-4
# Up to so many bytes weights keep their 32 bits: a file stays small, and neighbours that are nearly
# as near as one another keep their order.
FULL_UP_TO = 10_000_000
# Smaller tensors, biases and statistics among them, are no weight in the file.
SHORTENED_FROM = 1024


@dataclass(frozen=True)
class BrowserGraph:
    """A network for the page.

    Attributes
    ----------
    onnx : bytes
    precision : "float16" or "float32"
        Of the weights; it computes in float32.
    difference : float
        The greatest difference of a probability from torch's.
    """

    onnx: bytes
    precision: str
    difference: float


class Explained(nn.Module):
    """A network with all that the page shows of an image.

    Its outputs: the probabilities of the classes, those of each label by itself, the features,
    the mean outputs of the convolutions, and for each class a map, the Grad-CAM of its log-odds
    before it is enlarged, of shape (n, n_classes, h', w').

    The feature maps reach the features by their means alone, so that the gradient of the log-odds
    is alike at all places of a map and has a closed form: the weights of the output layer, less
    the mean of the other classes' by their share of the odds, back through the dense layer's
    units that are not 0.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The outputs of grey images, shape (n, 1, s, s), from 0 to 1."""
        maps = self.network.maps(images)
        outputs = maps.mean(dim=(2, 3))
        features = self.network.dense(outputs)
        logits = self.network.output(features)
        probabilities = torch.softmax(logits[:, : self.network.n_classes], dim=1)
        weights = self._gradients(logits[:, : self.network.n_classes], features)
        cams = torch.relu(torch.einsum("nck,nkhw->nchw", weights, maps))
        return probabilities, torch.sigmoid(logits), features, outputs, cams

    def _gradients(self, logits: Tensor, features: Tensor) -> Tensor:
        """The gradient of each class's log-odds by the mean outputs, shape (n, classes, width)."""
        dense, output = self.network.dense[0], self.network.output[1]
        assert isinstance(dense, nn.Linear)
        assert isinstance(output, nn.Linear)
        classes = self.network.n_classes
        same = torch.eye(classes)
        others = torch.softmax(logits[:, None, :] - 1e9 * same, dim=2)
        by_feature = (same - others) @ output.weight[:classes]
        return (by_feature * (features > 0)[:, None, :].to(by_feature.dtype)) @ dense.weight


def browser_graph(network: Network, card: Mapping[str, Any], images: np.ndarray) -> BrowserGraph:
    """The graph of a network, with large weights of 16 bits where probabilities hardly change.

    Parameters
    ----------
    network : Network
    card : mapping
        The model's card.
    images : uint8 array, shape (m, h, w)
        Canonical pixels on which it is compared with torch.

    Raises
    ------
    InputError
        If its probabilities are not torch's with weights of 32 bits either.
    """
    explained = Explained(network.cpu().eval()).eval()
    pixels = torch.from_numpy(np.array(images)[:, None])
    batch = to_unit(resize(pixels, card["image_size"])).contiguous()
    with torch.no_grad():
        expected = explained(batch)[0].numpy()
    with TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder) / "graph.onnx"
        write_graph(explained, batch[:2], OUTPUTS, path)
        full = path.read_bytes()
    if len(full) > FULL_UP_TO:
        short = shortened(full)
        difference = _difference(short, batch, expected)
        if difference <= HALF_TOLERANCE:
            return BrowserGraph(short, "float16", difference)
    difference = _difference(full, batch, expected)
    if not difference <= FULL_TOLERANCE:
        raise InputError(
            f"the network's probabilities as ONNX differ from torch's by {difference:.2g}; update "
            f"onnx and torch together"
        )
    return BrowserGraph(full, "float32", difference)


def _difference(onnx: bytes, batch: Tensor, expected: np.ndarray) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {"images": batch.numpy()})[0]
    return float(np.abs(found - expected).max())


def shortened(onnx: bytes) -> bytes:
    """A graph whose large weights are stored as float16 and made float32 again as it is loaded."""
    import onnx as library
    from onnx import TensorProto, helper, numpy_helper

    model = library.load_from_string(onnx)
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SHORTENED_FROM:
            continue
        values, name = numpy_helper.to_array(tensor), tensor.name
        limit = np.finfo(np.float16).max
        short = np.clip(values, -limit, limit).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(short, f"{name}_16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return bytes(model.SerializeToString())
