"""The steps of one training phase: batches, gradients, epochs."""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from cxr.core.errors import InputError
from cxr.images.rows import ImageRows
from cxr.networks.architecture import Network
from cxr.networks.augmentation import MixUp, RadiographAugmentation
from cxr.networks.device import choose_dtype, is_out_of_memory, mixed_precision
from cxr.networks.pixels import to_unit
from cxr.training.average import make_average
from cxr.training.batches import batches
from cxr.training.graph import StepGraph
from cxr.training.recipe import Phase, Recipe, Schedule, make_optimizer, peak_rates
from cxr.training.store import Store

log = logging.getLogger("cxr")

Result = TypeVar("Result")

MB = 10**6
LARGE = 2**24  # pixels that a card validates at once


class Learner:
    """One phase of a training.

    Parameters
    ----------
    network : Network
        Trained in place.
    recipe : Recipe
    phase : Phase
        One of the recipe's.
    train, validation : pair of ImageRows and Tensor
        Images, uint8 of shape (n, h, w), and targets, float of shape (n, n_classes +
        n_tags).
    device : torch.device
    graphs : bool
        Whether full batches are computed as CUDA graphs where the device is a card.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        phase: Phase,
        train: tuple[ImageRows, Tensor],
        validation: tuple[ImageRows, Tensor],
        device: torch.device,
        graphs: bool = True,
    ) -> None:
        self.network, self.phase, self.device = network, phase, device
        size = phase.image_size
        held = (len(train[0]) + len(validation[0])) * size**2 <= recipe.memory_mb * MB
        self.train = Store(*train, size, device, held=held)
        self.validation = Store(*validation, size, device, held=held)
        self.dtype = choose_dtype(recipe.precision, device)
        self.run = torch.compile(network) if recipe.compile else network
        augmentation = recipe.augmentation
        self.augment = to_unit if augmentation is None else RadiographAugmentation(augmentation)
        self.mixup = MixUp(phase.mixup) if phase.mixup > 0 else None
        self.share = torch.zeros((), device=device)  # of mixup, where a graph finds it
        self.weights: Tensor | None = None
        if phase.class_weights:
            self.weights = class_weights(self.classes_of(train[1]), network.n_classes).to(device)
        self.micro_batch = phase.batch_size + 1  # a last image may have joined
        # A card validates this many times the micro-batch at once.
        self.multiple = 1
        if device.type == "cuda":
            self.multiple = max(1, LARGE // (phase.image_size**2 * self.micro_batch))
        self.graph: StepGraph | None = None
        if device.type == "cuda" and graphs and not recipe.compile:
            self.graph = StepGraph(self._pass, list(network.parameters()), phase.batch_size)
        self.suggested_rate: float | None = None
        self.average: AveragedModel | None = None

    def begin(self, suggested_rate: float | None) -> None:
        """Sets the optimizer up, at the rate of the range test where there was one."""
        self.suggested_rate = suggested_rate
        rates = peak_rates(self.phase, suggested_rate)
        self.optimizer = make_optimizer(self.network, self.phase, *rates)
        self.schedule = Schedule(self.optimizer, self.phase, len(self.train))
        if self.phase.averaging:
            self.average = make_average(self.network, self.phase.averaging, self.device)

    def classes_of(self, outputs: Tensor) -> Tensor:
        """The likeliest class by logits, or the class by targets, shape (n,)."""
        return outputs[:, : self.network.n_classes].argmax(1)

    @property
    def evaluated(self) -> Network:
        """The network that is validated and kept: the averaged one where there is one."""
        return self.network if self.average is None else self.average.module  # type: ignore[return-value]

    def state(self) -> dict[str, Any]:
        """Everything of this phase that its next epoch depends on."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.inner.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "micro_batch": self.micro_batch,
            "suggested_rate": self.suggested_rate,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes back to a state of `state`."""
        self.begin(state["suggested_rate"])
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.inner.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.micro_batch = state["micro_batch"]

    def epoch(self, rng: np.random.Generator) -> tuple[float, float]:
        """One pass over the training images: mean loss and accuracy."""
        total = hits = torch.zeros((), device=self.device)
        self.set_training()
        for batch in batches(len(self.train), self.phase.batch_size, rng, self.train.place):
            loss, n_correct = self.step(batch)
            self.schedule.after_step()
            if self.average is not None:
                self.average.update_parameters(self.network)
            total, hits = total + loss * len(batch), hits + n_correct
        return float(total) / len(self.train), float(hits) / len(self.train)

    def step(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the optimizer: the batch's loss and how many of its images were correct.

        Where the device has no memory for the batch, it is computed in parts
        whose gradients add up, from then on.
        """
        images, targets = self.train.take(batch)
        if self.mixup is not None and self.device.type == "cuda":
            self.share.fill_(self.mixup.draw())
        result: tuple[Tensor, Tensor] | None = None
        if self.graph is not None and self.micro_batch >= len(batch):
            result = self.graph.step(images, targets)
        if result is None:
            result = self._pass(images, targets, within_memory=True)
        self.optimizer.step()
        return result

    def _pass(
        self, images: Tensor, targets: Tensor, within_memory: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Leaves the gradients of a batch; its loss and how many of its images were correct."""
        images = self.augment(images)
        if self.mixup is not None:
            share = self.share if self.device.type == "cuda" else self.mixup.draw()
            images, targets = self.mixup.mix(images, share), self.mixup.mix(targets, share)
        if within_memory:
            loss, logits = self._within_memory(lambda: self._gradients(images, targets))
        else:
            loss, logits = self._gradients(images, targets)
        return loss, (self.classes_of(logits) == self.classes_of(targets)).sum()

    def _gradients(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        self.optimizer.zero_grad(set_to_none=True)
        total, outputs = torch.zeros((), device=self.device), []
        parts = math.ceil(len(images) / self.micro_batch)
        for part, part_targets in zip(images.chunk(parts), targets.chunk(parts), strict=True):
            with mixed_precision(self.device, self.dtype):
                logits = self.run(part)
            loss = self._loss(logits.float(), part_targets, self.phase.label_smoothing)
            loss = loss * (len(part) / len(images))
            loss.backward()
            total = total + loss.detach()
            outputs.append(logits.detach())
        return total, torch.cat(outputs)

    def _loss(self, logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy of the classes, or with tags binary cross-entropy of every label.

        An image has the weight of its class; smoothing moves a label towards a half.
        """
        if not self.network.n_tags:
            return F.cross_entropy(logits, targets, weight=self.weights, label_smoothing=smoothing)
        smooth = targets * (1 - smoothing) + smoothing / 2
        losses = F.binary_cross_entropy_with_logits(logits, smooth, reduction="none").mean(dim=1)
        if self.weights is None:
            return losses.mean()
        weights = targets[:, : self.network.n_classes] @ self.weights
        return (weights * losses).sum() / weights.sum()

    def _within_memory(self, compute: Callable[[], Result]) -> Result:
        """The result of `compute`, with ever smaller parts of a batch where memory is short."""
        while True:
            try:
                return compute()
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._halve(error)

    def _halve(self, error: RuntimeError) -> None:
        if self.micro_batch <= 2:
            raise InputError(
                "training: no memory for two images; choose a smaller image_size or architecture"
            ) from error
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.micro_batch //= 2
        log.warning(
            "out of memory: batches of %d are computed %d images at a time from here on",
            self.phase.batch_size,
            self.micro_batch,
        )

    def validate(self) -> tuple[float, float]:
        """Loss, without label smoothing, and accuracy on the validation images."""
        network, targets = self.evaluated.eval(), self.validation.targets
        logits = self._within_memory(lambda: self._logits(network))
        correct = self.classes_of(logits) == self.classes_of(targets)
        return float(self._loss(logits, targets)), float(correct.float().mean())

    def _logits(self, network: Network) -> Tensor:
        """The logits of the validation images."""
        while True:
            parts = self.validation.parts(self.micro_batch * self.multiple)
            try:
                with torch.inference_mode(), mixed_precision(self.device, self.dtype):
                    return torch.cat([network(to_unit(part)) for part in parts]).float()
            except RuntimeError as error:
                if self.multiple == 1 or not is_out_of_memory(error):
                    raise
            self.multiple //= 2
            torch.cuda.empty_cache()

    def set_training(self) -> None:
        """Puts the network into training mode, a frozen backbone left out."""
        self.network.train()
        self.network.freeze_backbone(self.phase.frozen)


def class_weights(labels: Tensor, n_classes: int) -> Tensor:
    """Inverse class frequencies; their mean over the images is 1."""
    counts = torch.bincount(labels, minlength=n_classes).clamp(min=1).float()
    return counts.sum() / (n_classes * counts)
