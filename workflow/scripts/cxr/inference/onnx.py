"""A network as an ONNX file, checked against torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cxr.core.errors import InputError
from cxr.core.io import atomic
from cxr.networks.architecture import Network
from cxr.networks.pixels import resize, to_unit

TOLERANCE = 1e-3
OUTPUTS = ("probabilities", "features")


class _Exported(nn.Module):
    """Probabilities and features at once."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.network.features(images)
        return torch.softmax(self.network.class_logits(features), dim=1), features


def export_onnx(network: Network, card: Mapping[str, Any], images: np.ndarray, path: Path) -> float:
    """Writes a network as ONNX and compares it with torch.

    Input `images`: float32, shape (n, 1, s, s), from 0 to 1, s the card's
    image_size. Outputs: `probabilities`, shape (n, n_classes), and `features`.

    Parameters
    ----------
    network : Network
    card : mapping
        The model's card.
    images : uint8 array, shape (m, h, w)
        Canonical pixels on which both are compared.
    path : Path

    Returns
    -------
    float
        The greatest difference of a probability.

    Raises
    ------
    InputError
        If a probability differs by more than `TOLERANCE`.
    """
    import onnxruntime

    exported = _Exported(network.cpu().eval()).eval()
    pixels = torch.from_numpy(np.array(images)[:, None])
    batch = to_unit(resize(pixels, card["image_size"])).contiguous()
    with atomic(path) as temporary, torch.no_grad():
        write_graph(exported, batch[:2], OUTPUTS, temporary)
        session = onnxruntime.InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
        outputs = session.run(list(OUTPUTS), {"images": batch.numpy()})
        difference = float(np.abs(outputs[0] - exported(batch)[0].numpy()).max())
        if not difference <= TOLERANCE:
            raise InputError(
                f"{path}: its probabilities differ from torch's by {difference:.2g}; update onnx "
                f"and torch together"
            )
    return difference


def write_graph(module: nn.Module, batch: Tensor, outputs: Sequence[str], path: Path) -> None:
    """Writes a module of images as an ONNX file that holds nothing of this machine.

    Parameters
    ----------
    module : Module
        From the input `images`, any number of them, to `outputs`.
    batch : Tensor, shape (2, 1, s, s)
        An input; the file takes images of this size.
    outputs : sequence of str
    path : Path
    """
    torch.onnx.export(
        module,
        (batch,),
        str(path),
        input_names=["images"],
        output_names=list(outputs),
        dynamic_shapes=({0: torch.export.Dim("n", min=1)},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )
    _remove_traces(path)


def _remove_traces(path: Path) -> None:
    """Removes where in the source code each node is from: paths of this machine."""
    import onnx

    model = onnx.load(path)
    graphs = [model.graph, *model.functions]
    for part in [model, *graphs, *(node for graph in graphs for node in graph.node)]:
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        value.ClearField("metadata_props")
    onnx.save(model, path)
