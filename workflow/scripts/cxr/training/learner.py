"""The steps of one training phase: batches, gradients, epochs."""

import copy
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torchvision.transforms import v2

from cxr.core.errors import InputError
from cxr.networks.architecture import Network
from cxr.networks.augmentation import RadiographAugmentation, resize, to_unit
from cxr.networks.device import choose_dtype, is_out_of_memory, mixed_precision
from cxr.training.batches import batches, endless_batches
from cxr.training.rate_test import DIVERGED, HIGHEST, LOWEST, SMOOTHING, TRIALS, suggested_rate
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
    train, held_out : pair of Tensors
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
        held_out: tuple[Tensor, Tensor],
        device: torch.device,
    ) -> None:
        self.network, self.phase, self.device = network, phase, device
        self.images = resize(train[0], phase.image_size)
        self.held_images = resize(held_out[0], phase.image_size)
        self.targets, self.held_targets = train[1], held_out[1].to(device)
        self.dtype = choose_dtype(recipe.precision, device)
        self.run = torch.compile(network) if recipe.compile else network
        changes = recipe.augmentation
        self.augment = to_unit if changes is None else RadiographAugmentation(**changes)
        mixes = phase.mixup > 0
        self.mix = v2.MixUp(alpha=phase.mixup) if mixes else None
        self.weights: Tensor | None = None
        if phase.class_weights:
            self.weights = class_weights(self.class_of(train[1]), network.n_classes).to(device)
        self.at_once = phase.batch_size + 1  # a last image may have joined
        self.found: float | None = None
        self.average: AveragedModel | None = None

    def begin(self, found: float | None) -> None:
        """Sets the optimiser up; `found` is the rate of the range test where there was one."""
        self.found = found
        self.optimizer = make_optimizer(self.network, self.phase, *peak_rates(self.phase, found))
        self.schedule = Schedule(self.optimizer, self.phase, len(self.images))
        if self.phase.averaging:
            follow = get_ema_multi_avg_fn(self.phase.averaging)
            self.average = AveragedModel(self.network, multi_avg_fn=follow, use_buffers=True)

    def class_of(self, outputs: Tensor) -> Tensor:
        """The likeliest class by logits, or the class by targets, shape (n,)."""
        return outputs[:, : self.network.n_classes].argmax(1)

    @property
    def measured(self) -> Network:
        """The network whose weights count: the averaged one where there is one."""
        return self.network if self.average is None else self.average.module  # type: ignore[return-value]

    def state(self) -> dict[str, Any]:
        """Everything of this phase that its next epoch depends on."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.inner.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "at_once": self.at_once,
            "found": self.found,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes back to where `state` was taken."""
        self.begin(state["found"])
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.inner.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.at_once = state["at_once"]

    def epoch(self, rng: np.random.Generator) -> tuple[float, float]:
        """One pass over the training images: mean loss and accuracy."""
        total = hits = torch.zeros((), device=self.device)
        self._to_train()
        for batch in batches(len(self.images), self.phase.batch_size, rng):
            loss, right = self.step(batch)
            self.schedule.after_step()
            if self.average is not None:
                self.average.update_parameters(self.network)
            total, hits = total + loss * len(batch), hits + right
        return float(total) / len(self.images), float(hits) / len(self.images)

    def step(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """One step of the optimiser: the batch's loss and how many of its images were right.

        Where the device has no memory for the batch, it is computed in parts
        whose gradients add up, from then on.
        """
        images = self.augment(self.images[batch].to(self.device))
        targets = self.targets[batch].to(self.device)
        if self.mix is not None:
            images, targets = self.mix(images, targets)
        loss, logits = self._patiently(lambda: self._gradients(images, targets))
        self.optimizer.step()
        return loss, (self.class_of(logits) == self.class_of(targets)).sum()

    def _gradients(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        self.optimizer.zero_grad(set_to_none=True)
        total, seen = torch.zeros((), device=self.device), []
        parts = math.ceil(len(images) / self.at_once)
        for some, wanted in zip(images.chunk(parts), targets.chunk(parts), strict=True):
            with mixed_precision(self.device, self.dtype):
                logits = self.run(some)
            loss = self._loss(logits.float(), wanted, self.phase.label_smoothing)
            loss = loss * (len(some) / len(images))
            loss.backward()
            total = total + loss.detach()
            seen.append(logits.detach())
        return total, torch.cat(seen)

    def _loss(self, logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
        """Cross-entropy of the classes, or with tags binary cross-entropy of every label.

        An image weighs as its class does; smoothing takes a label towards a half.
        """
        if not self.network.n_tags:
            return F.cross_entropy(logits, targets, weight=self.weights, label_smoothing=smoothing)
        wanted = targets * (1 - smoothing) + smoothing / 2
        losses = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean(dim=1)
        if self.weights is None:
            return losses.mean()
        weights = targets[:, : self.network.n_classes] @ self.weights
        return (weights * losses).sum() / weights.sum()

    def _patiently(self, compute: Callable[[], Result]) -> Result:
        """The result of `compute`, with ever smaller parts of a batch where memory is short."""
        while True:
            try:
                return compute()
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._halve(error)

    def _halve(self, error: RuntimeError) -> None:
        if self.at_once <= 2:
            raise InputError(
                "training: no memory for two images; take a smaller image_size or architecture"
            ) from error
        self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.at_once //= 2
        log.warning(
            "out of memory: batches of %d are computed %d images at a time from here on",
            self.phase.batch_size,
            self.at_once,
        )

    def measure(self) -> tuple[float, float]:
        """Loss, without label smoothing, and accuracy on the held-out images."""
        network = self.measured.eval()
        logits = self._patiently(lambda: self._logits(network))
        right = (self.class_of(logits) == self.class_of(self.held_targets)).float().mean()
        return float(self._loss(logits, self.held_targets)), float(right)

    def _logits(self, network: Network) -> Tensor:
        """Those of the held-out images."""
        parts = self.held_images.split(self.at_once)
        with torch.inference_mode(), mixed_precision(self.device, self.dtype):
            return torch.cat([network(to_unit(part.to(self.device))) for part in parts]).float()

    def _to_train(self) -> None:
        self.network.train()
        self.network.freeze_body(self.phase.frozen)

    def range_test(self, rng: np.random.Generator) -> tuple[float, pd.DataFrame]:
        """A rate for this phase, as `rate_of` reads it off the loss while the rate grows.

        The rate grows exponentially from step to step until the smoothed loss
        diverges. Weights and normalisation statistics are as before afterwards.

        Returns
        -------
        rate : float
        curve : DataFrame
            learning_rate, loss (smoothed).
        """
        before = copy.deepcopy(self.network.state_dict())
        self.optimizer = make_optimizer(self.network, self.phase, LOWEST, LOWEST)
        self._to_train()
        smooth, rows = 0.0, []
        turns = endless_batches(len(self.images), self.phase.batch_size, rng)
        for trial in range(TRIALS):
            rate = LOWEST * (HIGHEST / LOWEST) ** (trial / (TRIALS - 1))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            loss = float(self.step(next(turns))[0])
            smooth = SMOOTHING * smooth + (1 - SMOOTHING) * loss
            corrected = smooth / (1 - SMOOTHING ** (trial + 1))
            if not math.isfinite(corrected):
                break
            rows.append({"learning_rate": rate, "loss": corrected})
            if corrected > DIVERGED * min(row["loss"] for row in rows):
                break
        self.network.load_state_dict(before)
        if not rows:
            raise InputError("training: the range test's loss is no number even at its lowest rate")
        curve = pd.DataFrame(rows)
        rate = suggested_rate(curve)
        log.info("learning-rate range test: %.2g", rate)
        return rate, curve


def class_weights(labels: Tensor, n_classes: int) -> Tensor:
    """Inverse class frequencies; their mean over the images is 1."""
    counts = torch.bincount(labels, minlength=n_classes).clamp(min=1).float()
    return counts.sum() / (n_classes * counts)
