"""Trained and pre-trained weights of networks: loading, saving."""

from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.io import atomic, read_json, write_json
from cxr.core.state_dict import read_state_dict
from cxr.networks.architecture import Network


def load_backbone(network: Network, path: str | Path) -> None:
    """Loads pre-trained weights into the backbone; an ImageNet classifier in the file is ignored.

    The file may hold torchvision's whole model, its convolutions alone
    (`features.…`), the inside of these (`0.0.weight`), or a network of ours.

    Raises
    ------
    InputError
        If the file does not fit the architecture.
    """
    expected = network.backbone.state_dict()
    state = {_backbone_name(name): value for name, value in read_state_dict(path).items()}
    loaded = {}
    for name in expected:
        # torchvision's name where our backbone is a Sequential around its convolutions.
        plain = name.removeprefix("0.")
        tensor = state.get(name, state.get(plain))
        if tensor is None or tensor.shape != expected[name].shape:
            # torch counts batches in newer files only; the network never reads it.
            if name.endswith("num_batches_tracked"):
                loaded[name] = expected[name]
                continue
            problem = "is missing" if tensor is None else f"has shape {tuple(tensor.shape)}"
            raise InputError(
                f"{path}: does not fit the architecture: {plain} {problem}; give weights of the "
                f"same architecture as torchvision saves them"
            )
        loaded[name] = tensor
    network.backbone.load_state_dict(loaded)


def _backbone_name(name: str) -> str:
    for prefix in ("module.", "backbone.", "features."):
        name = name.removeprefix(prefix)
    return name


def save_model(network: Network, card: dict[str, Any], weights: Path, model: Path) -> None:
    """Writes weights (safetensors) and card (JSON); same network, same bytes."""
    from safetensors.torch import save

    state = {
        name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()
    }
    with atomic(weights) as temporary:
        temporary.write_bytes(save(state))
    write_json(card, model)


def load_model(weights: str | Path, model: str | Path) -> tuple[Network, dict[str, Any]]:
    """A trained network and its card.

    Raises
    ------
    InputError
        If the two files do not belong together.
    """
    card = read_json(model)
    try:
        classes, tags = len(card["classes"]), len(card.get("tags", []))
        network = Network(card["architecture"], classes, card["feature_dim"], 0.0, tags)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{model}: not a model's card ({error}); train the model again") from error
    try:
        network.load_state_dict(read_state_dict(weights))
    except RuntimeError as error:
        raise InputError(f"{weights}: does not fit {model}; train the model again") from error
    return network.eval(), card
