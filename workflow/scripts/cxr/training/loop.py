"""Training a network on the cached pixels, reproducibly, on the GPU where there is one."""

import copy
import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
import torchvision
from torch import Tensor

from cxr.core.errors import InputError
from cxr.networks.architecture import PREPROCESSING, Network, parameter_count
from cxr.networks.device import best_device, make_deterministic
from cxr.training.checkpoint import Checkpoint, random_state, restore_random_state
from cxr.training.dataset import TrainingData
from cxr.training.learner import Learner
from cxr.training.recipe import Recipe

log = logging.getLogger("cxr")

RATE_TEST_COLUMNS = ("phase", "learning_rate", "loss")


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves besides the network.

    Attributes
    ----------
    history : DataFrame
        A row an epoch: epoch, phase, image_size, frozen, learning_rate, backbone_learning_rate,
        train_loss, train_accuracy, validation_loss, validation_accuracy, best (the
        epoch whose weights the network has).
    rate_tests : DataFrame
        The curves of learning-rate range tests: phase, learning_rate, loss.
    timing : dict
        device, threads, precision, seconds, images_per_second.
    """

    history: pd.DataFrame
    rate_tests: pd.DataFrame
    timing: dict[str, Any]


@dataclass
class _TrainingState:
    """Where a training stands: everything but the current phase's learner and generators."""

    phase: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    rate_tests: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0

    def of_phase(self) -> int:
        """Finished epochs of the current phase."""
        return sum(row["phase"] == self.phase + 1 for row in self.rows)


def train(
    network: Network,
    data: TrainingData,
    recipe: Recipe,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Trains a network in place, phase by phase.

    Every phase begins with the weights that the one before it kept; the network
    ends with those of the last. The same seed gives the same weights on the same
    machine, whether or not the training was interrupted in between.

    Parameters
    ----------
    network : Network
    data : TrainingData
    recipe : Recipe
    seed : int
    checkpoint : Checkpoint, optional
        Written after every epoch, and where an earlier run got to. It is left
        for the caller to remove once the model is safe.

    Raises
    ------
    InputError
        If the loss is no longer a number.
    """
    with torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
        torch.manual_seed(seed)
        make_deterministic()
        return _train(network, data, recipe, np.random.default_rng(seed), checkpoint)


def _train(
    network: Network,
    data: TrainingData,
    recipe: Recipe,
    rng: np.random.Generator,
    checkpoint: Checkpoint | None,
) -> TrainingResult:
    device = best_device()
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    train_part, held_out = (data.part(p, network.n_classes) for p in ("train", "validation"))
    stored = checkpoint.load() if checkpoint is not None else None
    standing = _TrainingState() if stored is None else _TrainingState(**stored["standing"])
    precision = ""
    for position in range(standing.phase, len(recipe.phases)):
        phase = recipe.phases[position]
        learner = Learner(network, recipe, phase, train_part, held_out, device)
        precision = str(learner.dtype).removeprefix("torch.")
        if stored is not None:
            learner.restore(stored["learner"])
            restore_random_state(rng, stored["random"])
            log.info(
                "going on after epoch %d, where an earlier run was interrupted", len(standing.rows)
            )
            stored = None
        else:
            standing.phase, standing.best_loss, standing.best_epoch = position, math.inf, 0
            log.info(_headline(position, recipe, device, precision))
            _begin(learner, standing, rng)
        _epochs(learner, standing, rng, checkpoint)
        network.load_state_dict(standing.best)
    network.to("cpu").eval()
    history = pd.DataFrame(standing.rows)
    seen = len(train_part[0]) * len(history)
    timing = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "precision": precision,
        "seconds": round(standing.seconds, 1),
        "images_per_second": round(seen / standing.seconds, 1),
    }
    return TrainingResult(
        history.assign(best=history["epoch"] == standing.best_epoch),
        pd.DataFrame(standing.rate_tests, columns=list(RATE_TEST_COLUMNS)),
        timing,
    )


def _headline(position: int, recipe: Recipe, device: torch.device, precision: str) -> str:
    phase = recipe.phases[position]
    return (
        f"phase {position + 1} of {len(recipe.phases)} on {device.type}, {precision}: "
        f"{phase.epochs} epochs at {phase.image_size} pixels{', body frozen' * phase.frozen}"
    )


def _begin(learner: Learner, standing: _TrainingState, rng: np.random.Generator) -> None:
    """Starts a phase, with a range test where its rate is to be found."""
    found = None
    if learner.phase.learning_rate == "find":
        started = time.monotonic()
        found, curve = learner.range_test(rng)
        standing.rate_tests += curve.assign(phase=standing.phase + 1).to_dict("records")
        standing.seconds += time.monotonic() - started
    learner.begin(found)


def _epochs(
    learner: Learner,
    standing: _TrainingState,
    rng: np.random.Generator,
    checkpoint: Checkpoint | None,
) -> None:
    """The epochs of a phase that are still to do; `standing.best` are the weights it keeps."""
    phase = learner.phase
    for done in range(standing.of_phase(), phase.epochs):
        epoch = len(standing.rows) + 1
        losses = [row["validation_loss"] for row in standing.rows[epoch - 1 - done :]]
        waited = done - 1 - losses.index(min(losses)) if done else 0
        if phase.patience is not None and waited >= phase.patience:
            log.info("no better validation loss for %d epochs: the phase ends", waited)
            break
        started = time.monotonic()
        head, body = learner.schedule.now()
        train_loss, train_accuracy = learner.epoch(rng)
        loss, accuracy = learner.measure()
        if not math.isfinite(train_loss + loss):
            raise InputError(
                f"training: the loss is no longer a number in phase {standing.phase + 1}, epoch "
                f"{epoch}, at learning rate {head:.2g}; lower that phase's learning_rate"
            )
        learner.schedule.after_epoch(loss)
        standing.seconds += time.monotonic() - started
        standing.rows.append(
            {
                "epoch": epoch,
                "phase": standing.phase + 1,
                "image_size": phase.image_size,
                "frozen": phase.frozen,
                "learning_rate": head,
                "backbone_learning_rate": body,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "validation_loss": loss,
                "validation_accuracy": accuracy,
            }
        )
        text = "epoch %d, %d of %d of the phase: loss %.3f, validation loss %.3f, accuracy %.3f"
        log.info(text, epoch, done + 1, phase.epochs, train_loss, loss, accuracy)
        if loss < standing.best_loss or phase.keep == "last":
            standing.best = copy.deepcopy(learner.measured.state_dict())
            standing.best_loss, standing.best_epoch = loss, epoch
        if checkpoint is not None:
            state = {"learner": learner.state(), "random": random_state(rng)}
            checkpoint.save({**state, "standing": vars(standing)})


def model_card(
    network: Network,
    data: TrainingData,
    history: pd.DataFrame,
    cfg: Mapping[str, Any],
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """The model's card: what it is, what it saw, how it was trained.

    Parameters
    ----------
    cfg : mapping
        `model` (the config's section), `classes`, `seed`, `square` (how images become square).
    tags : sequence of str
        Labels besides the classes, in the order of the network's.
    """
    model = cfg["model"]
    return {
        "architecture": model["architecture"],
        "classes": list(cfg["classes"]),
        **({"tags": list(tags)} if tags else {}),
        "feature_dim": model["feature_dim"],
        "feature_layer": "dense, after its rectifier",
        "image_size": int(model["training"]["phases"][-1]["image_size"]),
        "cache_size": int(data.images.shape[1]),
        "square": cfg["square"],
        "preprocessing": PREPROCESSING,
        "parameters": parameter_count(network),
        "initial_weights": model["weights"],
        "training": dict(model["training"]),
        "dropout": model["dropout"],
        "seed": cfg["seed"],
        "epochs": len(history),
        "best_epoch": int(history["epoch"].to_numpy()[history["best"].to_numpy()][0]),
        "training_data_sha256": data.digest(),
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
