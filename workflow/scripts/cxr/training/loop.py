"""Training a network on the cached pixels, reproducibly, on the GPU where there is one."""

import copy
import logging
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from cxr.core.errors import InputError
from cxr.networks.architecture import Network
from cxr.networks.device import choose_device, own_stream, set_deterministic
from cxr.training.checkpoint import (
    Checkpoint,
    CheckpointWriter,
    random_state,
    restore_random_state,
)
from cxr.training.dataset import TrainingData
from cxr.training.learner import Learner
from cxr.training.rate_test import range_test
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
class _Progress:
    """What a training has done: everything but the current phase's learner and generators."""

    phase: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    rate_tests: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    best_loss: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0

    def epochs_of_phase(self) -> int:
        """Finished epochs of the current phase."""
        return sum(row["phase"] == self.phase + 1 for row in self.rows)


def train(
    network: Network,
    data: TrainingData,
    recipe: Recipe,
    seed: int,
    checkpoint: Checkpoint | None = None,
    device: str = "auto",
) -> TrainingResult:
    """Trains a network in place, phase by phase.

    Every phase begins with the weights that the one before it kept; the network
    ends with those of the last. The same seed gives the same weights on the same
    machine, whether or not the training was interrupted in between; on a card only
    where the recipe is deterministic.

    Parameters
    ----------
    network : Network
    data : TrainingData
    recipe : Recipe
    seed : int
    checkpoint : Checkpoint, optional
        Written after every epoch, and read where an earlier run was interrupted. It is left
        for the caller to remove once the model is safe.
    device : str
        As of `cxr.networks.device.choose_device`.

    Raises
    ------
    InputError
        If the loss is no longer a number.
    """
    place = choose_device(device)
    cards = [torch.cuda.current_device()] if place.type == "cuda" else []
    with torch.random.fork_rng(devices=cards), own_stream(place):
        torch.manual_seed(seed)
        set_deterministic(recipe.deterministic, place)
        with CheckpointWriter(checkpoint) as writer:
            return _train(network, data, recipe, np.random.default_rng(seed), writer, place)


def _train(
    network: Network,
    data: TrainingData,
    recipe: Recipe,
    rng: np.random.Generator,
    writer: CheckpointWriter,
    device: torch.device,
) -> TrainingResult:
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    train_set, validation_set = (
        data.part(split, network.n_classes) for split in ("train", "validation")
    )
    stored = writer.checkpoint.load() if writer.checkpoint is not None else None
    progress = _Progress() if stored is None else _Progress(**stored["progress"])
    precision = ""
    for position in range(progress.phase, len(recipe.phases)):
        phase = recipe.phases[position]
        learner = Learner(network, recipe, phase, train_set, validation_set, device)
        precision = str(learner.dtype).removeprefix("torch.")
        if stored is not None:
            learner.restore(stored["learner"])
            restore_random_state(rng, stored["random"], device)
            log.info("resuming after epoch %d of an interrupted run", len(progress.rows))
            stored = None
        else:
            progress.phase, progress.best_loss, progress.best_epoch = position, math.inf, 0
            log.info(_headline(position, recipe, device, precision))
            _begin(learner, progress, rng)
        _epochs(learner, progress, rng, writer)
        network.load_state_dict(progress.best)
        learner.graph = None  # it refers to the learner, whose images lie on the card
        del learner
    network.to("cpu").eval()
    history = pd.DataFrame(progress.rows)
    images = len(train_set[0]) * len(history)
    timing = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "precision": precision,
        "seconds": round(progress.seconds, 1),
        "images_per_second": round(images / progress.seconds, 1),
    }
    return TrainingResult(
        history.assign(best=history["epoch"] == progress.best_epoch),
        pd.DataFrame(progress.rate_tests, columns=list(RATE_TEST_COLUMNS)),
        timing,
    )


def _headline(position: int, recipe: Recipe, device: torch.device, precision: str) -> str:
    phase = recipe.phases[position]
    return (
        f"phase {position + 1} of {len(recipe.phases)} on {device.type}, {precision}: "
        f"{phase.epochs} epochs at {phase.image_size} pixels{', backbone frozen' * phase.frozen}"
    )


def _begin(learner: Learner, progress: _Progress, rng: np.random.Generator) -> None:
    """Starts a phase, with a range test where its rate is to be found."""
    rate = None
    if learner.phase.learning_rate == "find":
        started = time.monotonic()
        rate, curve = range_test(learner, rng)
        progress.rate_tests += curve.assign(phase=progress.phase + 1).to_dict("records")
        progress.seconds += time.monotonic() - started
    learner.begin(rate)


def _epochs(
    learner: Learner,
    progress: _Progress,
    rng: np.random.Generator,
    writer: CheckpointWriter,
) -> None:
    """The epochs of a phase that are still to do; `progress.best` are the weights it keeps."""
    phase = learner.phase
    for done in range(progress.epochs_of_phase(), phase.epochs):
        epoch = len(progress.rows) + 1
        losses = [row["validation_loss"] for row in progress.rows[epoch - 1 - done :]]
        waited = done - 1 - losses.index(min(losses)) if done else 0
        if phase.patience is not None and waited >= phase.patience:
            log.info("no better validation loss for %d epochs: the phase ends", waited)
            break
        started = time.monotonic()
        rate, backbone_rate = learner.schedule.rates()
        train_loss, train_accuracy = learner.epoch(rng)
        loss, accuracy = learner.validate()
        if not math.isfinite(train_loss + loss):
            raise InputError(
                f"training: the loss is no longer a number in phase {progress.phase + 1}, epoch "
                f"{epoch}, at learning rate {rate:.2g}; lower that phase's learning_rate"
            )
        learner.schedule.after_epoch(loss)
        progress.seconds += time.monotonic() - started
        progress.rows.append(
            {
                "epoch": epoch,
                "phase": progress.phase + 1,
                "image_size": phase.image_size,
                "frozen": phase.frozen,
                "learning_rate": rate,
                "backbone_learning_rate": backbone_rate,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "validation_loss": loss,
                "validation_accuracy": accuracy,
            }
        )
        text = "epoch %d, %d of %d of the phase: loss %.3f, validation loss %.3f, accuracy %.3f"
        log.info(text, epoch, done + 1, phase.epochs, train_loss, loss, accuracy)
        if loss < progress.best_loss or phase.keep == "last":
            progress.best = copy.deepcopy(learner.evaluated.state_dict())
            progress.best_loss, progress.best_epoch = loss, epoch
        state = {"learner": learner.state(), "random": random_state(rng, learner.device)}
        writer.put({**state, "progress": vars(progress)})
