"""Trained and pre-trained weights of networks: starting, saving, loading."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxr.core.errors import InputError
from cxr.core.io import atomic, read_json, write_json
from cxr.core.state_dict import read_state_dict
from cxr.networks.architecture import Network, build_network


def start_network(
    model: Mapping[str, Any],
    n_classes: int,
    seed: int,
    weights: str | Path | None,
    n_tags: int = 0,
) -> Network:
    """The network of a config's `models.<name>`, with pre-trained weights in its body if given.

    Raises
    ------
    InputError
        If the weights do not fit.
    """
    network = build_network(
        model["architecture"], n_classes, model["feature_dim"], model["dropout"], seed, n_tags
    )
    if weights:
        load_backbone(network, weights)
    return network


def load_backbone(network: Network, path: str | Path) -> None:
    """Loads pre-trained weights into the body; an ImageNet classifier in the file is ignored.

    The file may hold torchvision's whole model, its convolutions alone
    (`features.…`), the inside of these (`0.0.weight`), or a network of ours.

    Raises
    ------
    InputError
        If the file does not fit the architecture.
    """
    wanted = network.body.state_dict()
    state = {_backbone_name(name): tensor for name, tensor in read_state_dict(path).items()}
    direct = {name.removeprefix("0."): name for name in wanted}
    matched = {}
    for plain, name in direct.items():
        found = state.get(name, state.get(plain))
        if found is None or found.shape != wanted[name].shape:
            # torch counts batches in newer files only; the network never reads it.
            if name.endswith("num_batches_tracked"):
                matched[name] = wanted[name]
                continue
            problem = "is missing" if found is None else f"has shape {tuple(found.shape)}"
            raise InputError(
                f"{path}: does not fit the architecture: {plain} {problem}; give weights of the "
                f"same architecture as torchvision saves them"
            )
        matched[name] = found
    network.body.load_state_dict(matched)


def _backbone_name(name: str) -> str:
    for prefix in ("module.", "body.", "features."):
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
