"""The network as the page runs it: an ONNX graph with Grad-CAM, its weights as short as may be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cxr.app.short_weights import FORMS, shortened
from cxr.core.errors import InputError
from cxr.inference.onnx import write_graph
from cxr.networks.architecture import Network
from cxr.networks.pixels import resize, to_unit

OUTPUTS = ("probabilities", "labels", "features", "outputs", "cams")
# Of a probability, from torch's: half of what the page promises, since few images are compared.
HALF_TOLERANCE = 5e-4
FULL_TOLERANCE = 1e-4
# What the maps of such weights have in common with torch's at least.
CORRELATION = 0.99
# Images that are compared, evenly spaced ones of the study: where a feature is nearly 0, a small
# change of it changes the map, which few images show. So many at a time.
COMPARED, BATCH = 256, 32
# A map of less than this part of the greatest value of all maps is empty.
EMPTY = 1e-6
# Up to so many bytes weights keep their 32 bits: a file stays small, and neighbours that are nearly
# as near as one another keep their order.
FULL_UP_TO = 10_000_000


@dataclass(frozen=True)
class BrowserGraph:
    """A network for the page.

    Attributes
    ----------
    onnx : bytes
    precision : "float16", "int16", "float24" or "float32"
        Of the large weights; it computes in float32.
    difference : float
        The greatest difference of a probability from torch's.
    correlation : float
        The least correlation with torch's of an image's map of the class that is predicted; 1
        where all are constant.
    """

    onnx: bytes
    precision: str
    difference: float
    correlation: float


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
    """The graph of a network, with large weights of fewer bits where what it shows hardly changes.

    The first of `cxr.app.short_weights.FORMS` with which probabilities and maps are nearly
    torch's, else float32.

    Parameters
    ----------
    network : Network
    card : mapping
        The model's card.
    images : uint8 array, shape (m, h, w)
        Canonical pixels of the study; on `COMPARED` of them it is compared with torch.

    Raises
    ------
    InputError
        If its probabilities are not torch's with weights of 32 bits either.
    """
    explained = Explained(network.cpu().eval()).eval()
    batches = _batches(images, card["image_size"])
    with TemporaryDirectory() as folder, torch.no_grad():
        expected = [_probabilities_and_maps(explained(batch)) for batch in batches]
        path = Path(folder) / "graph.onnx"
        write_graph(explained, batches[0][:2], OUTPUTS, path)
        full = path.read_bytes()
    for precision in FORMS if len(full) > FULL_UP_TO else ():
        short = _compared(shortened(full, precision), precision, batches, expected)
        if short.difference <= HALF_TOLERANCE and short.correlation >= CORRELATION:
            return short
    graph = _compared(full, "float32", batches, expected)
    if not graph.difference <= FULL_TOLERANCE:
        raise InputError(
            f"the network's probabilities as ONNX differ from torch's by {graph.difference:.2g}; "
            f"update onnx and torch together"
        )
    return graph


def _batches(images: np.ndarray, image_size: int) -> list[Tensor]:
    """Evenly spaced images as the network takes them."""
    count = min(len(images), COMPARED)
    chosen = np.linspace(0, len(images) - 1, count).round().astype(int)
    pixels = torch.from_numpy(np.array(images[chosen])[:, None])
    return [to_unit(resize(part, image_size)).contiguous() for part in pixels.split(BATCH)]


def _probabilities_and_maps(outputs: Sequence[Tensor]) -> tuple[np.ndarray, np.ndarray]:
    named = dict(zip(OUTPUTS, outputs, strict=True))
    return named["probabilities"].numpy(), named["cams"].numpy()


def _compared(
    onnx: bytes,
    precision: str,
    batches: Sequence[Tensor],
    expected: Sequence[tuple[np.ndarray, np.ndarray]],
) -> BrowserGraph:
    """A graph, and how far its probabilities and maps are from torch's of each batch."""
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    differences, correlations = [], []
    for batch, (probabilities, cams) in zip(batches, expected, strict=True):
        found = session.run(["probabilities", "cams"], {"images": batch.numpy()})
        differences.append(np.abs(found[0] - probabilities).max())
        predicted = np.arange(len(cams)), probabilities.argmax(axis=1)
        correlations.append(least_correlation(found[1][predicted], cams[predicted]))
    return BrowserGraph(onnx, precision, float(max(differences)), min(correlations))


def least_correlation(maps: np.ndarray, expected: np.ndarray) -> float:
    """The least correlation of two maps of an image.

    Parameters
    ----------
    maps, expected : arrays, shape (n, h, w)

    Returns
    -------
    float
        An image counts as 0 if one of its maps is constant, and not at all if both are; 1 where
        that leaves none.
    """
    both = np.stack([maps, expected]).reshape(2, len(maps), -1).astype(np.float64)
    varies = np.ptp(both, axis=2) > EMPTY * both.max(initial=0)
    centred = both - both.mean(axis=2, keepdims=True)
    products = np.linalg.norm(centred, axis=2).prod(axis=0)
    alike = np.divide(
        (centred[0] * centred[1]).sum(axis=1),
        products,
        out=np.zeros(len(maps)),
        where=varies.all(axis=0),
    )
    return float(alike[varies.any(axis=0)].min(initial=1))
