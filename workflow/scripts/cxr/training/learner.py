"""The steps of one training phase: batches, gradients, epochs."""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from cxr.core.errors import InputError
from cxr.networks.architecture import Network
from cxr.networks.augmentation import RadiographAugmentation
from cxr.networks.device import choose_dtype, is_out_of_memory, mixed_precision
from cxr.networks.pixels import resize, to_unit
from cxr.training.batches import batches
from cxr.training.recipe import Phase, Recipe, Schedule, make_optimizer, peak_rates

log = logging.getLogger("cxr")

Result = TypeVar("Result")


class Learner:
    """One phase of a training.

    Parameters
    ----------
    network : Network
        Trained in place.
    recipe : Recipe
    phase : Phase
        One of the recipe's.
    train, validation : pair of Tensors
        Images, uint8 of shape (n, 1, h, w), and targets, float of shape (n, n_classes +
        n_tags). Images stay in the machine's memory; batches move to the device.
    device : torch.device
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        phase: Phase,
        train: tuple[Tensor, Tensor],
        validation: tuple[Tensor, Tensor],
        device: torch.device,
    ) -> None:
        self.network, self.phase, self.device = network, phase, device
        self.images, self.targets = resize(train[0], phase.image_size), train[1]
        self.validation_images = resize(validation[0], phase.image_size)
        self.validation_targets = validation[1].to(device)
        self.dtype = choose_dtype(recipe.precision, device)
        self.run = torch.compile(network) if recipe.compile else network
        augmentation = recipe.augmentation
        self.augment = to_unit if augmentation is None else RadiographAugmentation(augmentation)
        self.mixup = v2.MixUp(alpha=phase.mixup) if phase.mixup > 0 else None
        self.weights: Tensor | None = None
        if phase.class_weights:
            self.weights = class_weights(self.classes_of(train[1]), network.n_classes).to(device)
        self.micro_batch = phase.batch_size + 1  # a last image may have joined
        self.suggested_rate: float | None = None
        self.average: AveragedModel | None = None

    def begin(self, suggested_rate: float | None) -> None:
        """Sets the optimizer up, at the rate of the range test where there was one."""
        self.suggested_rate = suggested_rate
        rates = peak_rates(self.phase, suggested_rate)
        self.optimizer = make_optimizer(self.network, self.phase, *rates)
        self.schedule = Schedule(self.optimizer, self.phase, len(self.images))
        if self.phase.averaging:
            update = get_ema_multi_avg_fn(self.phase.averaging)
            self.average = AveragedModel(self.network, multi_avg_fn=update, use_buffers=True)

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
        for batch in batches(len(self.images), self.phase.batch_size, rng):
            loss, n_correct = self.step(batch)
            self.schedule.after_step()
            if self.average is not None:
                self.average.update_parameters(self.network)
            total, hits = total + loss * len(batch), hits + n_correct
        return float(total) / len(self.images), float(hits) / len(self.images)

    def step(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the optimizer: the batch's loss and how many of its images were correct.

        Where the device has no memory for the batch, it is computed in parts
        whose gradients add up, from then on.
        """
        images = self.augment(self.images[batch].to(self.device))
        targets = self.targets[batch].to(self.device)
        if self.mixup is not None:
            images, targets = self.mixup(images, targets)
        loss, logits = self._within_memory(lambda: self._gradients(images, targets))
        self.optimizer.step()
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
        network = self.evaluated.eval()
        logits = self._within_memory(lambda: self._logits(network))
        correct = self.classes_of(logits) == self.classes_of(self.validation_targets)
        return float(self._loss(logits, self.validation_targets)), float(correct.float().mean())

    def _logits(self, network: Network) -> Tensor:
        """The logits of the validation images."""
        parts = self.validation_images.split(self.micro_batch)
        with torch.inference_mode(), mixed_precision(self.device, self.dtype):
            return torch.cat([network(to_unit(part.to(self.device))) for part in parts]).float()

    def set_training(self) -> None:
        """Puts the network into training mode, a frozen backbone left out."""
        self.network.train()
        self.network.freeze_backbone(self.phase.frozen)


def class_weights(labels: Tensor, n_classes: int) -> Tensor:
    """Inverse class frequencies; their mean over the images is 1."""
    counts = torch.bincount(labels, minlength=n_classes).clamp(min=1).float()
    return counts.sum() / (n_classes * counts)
