"""How to train: phases, their optimizer and how the learning rate runs."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from cxr.networks.augmentation import Augmentation

PLATEAU_FACTOR, PLATEAU_EPOCHS = 0.1, 3
WARM_UP = 0.25


@dataclass(frozen=True)
class Phase:
    """One phase of a training; the config's `models.<name>.training.phases` documents each field.

    `learning_rate` is a number, a pair (dense layers, backbone) or "find".
    """

    epochs: int
    image_size: int
    frozen: bool
    learning_rate: float | str | tuple[float, float]
    schedule: str
    batch_size: int
    weight_decay: float
    label_smoothing: float
    mixup: float
    averaging: float
    class_weights: bool
    patience: int | None
    keep: str


@dataclass(frozen=True)
class Recipe:
    """The phases of a training and what they share; the config's `models.<name>.training`."""

    phases: tuple[Phase, ...]
    augmentation: Augmentation | None
    precision: str
    compile: bool
    threads: int = 1
    deterministic: bool = True
    memory_mb: int = 2000


def peak_rates(phase: Phase, suggested: float | None) -> tuple[float, float]:
    """Peak rates of the dense layers and the backbone; `suggested` where the phase says "find"."""
    rate = suggested if phase.learning_rate == "find" else phase.learning_rate
    if rate is None or isinstance(rate, str):
        raise ValueError("this phase's rate comes from a range test")
    if isinstance(rate, int | float):
        return float(rate), float(rate)
    dense, backbone = rate
    return float(dense), float(backbone)


def make_optimizer(
    network: nn.Module, phase: Phase, dense_rate: float, backbone_rate: float
) -> torch.optim.Optimizer:
    """AdamW over the dense layers and, unless it is frozen, the backbone, each with its rate.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019.
    """
    parameters = list(network.named_parameters())
    backbone = [p for name, p in parameters if name.startswith("backbone.")]
    others = [p for name, p in parameters if not name.startswith("backbone.")]
    groups: list[dict[str, Any]] = [{"params": others, "lr": dense_rate}]
    if not phase.frozen:
        groups.append({"params": backbone, "lr": backbone_rate})
    return torch.optim.AdamW(groups, weight_decay=phase.weight_decay, fused=True)


class Schedule:
    """How the rates of an optimizer run over a phase: one-cycle, cosine or plateau.

    References
    ----------
    L. Smith, N. Topin, "Super-convergence", 2018 (one-cycle).
    I. Loshchilov, F. Hutter, "SGDR", 2017 (cosine).
    """

    def __init__(self, optimizer: torch.optim.Optimizer, phase: Phase, images: int) -> None:
        self.optimizer = optimizer
        self.by_loss = phase.schedule == "plateau"
        steps = phase.epochs * math.ceil(images / phase.batch_size)
        peaks = [group["lr"] for group in optimizer.param_groups]
        self.inner: Any
        if self.by_loss:
            self.inner = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, factor=PLATEAU_FACTOR, patience=PLATEAU_EPOCHS
            )
        elif phase.schedule == "cosine":
            self.inner = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        else:
            self.inner = torch.optim.lr_scheduler.OneCycleLR(
                optimizer, peaks, total_steps=steps + 1, pct_start=WARM_UP
            )

    def after_step(self) -> None:
        """Moves the rates after an optimizer's step."""
        if not self.by_loss:
            self.inner.step()

    def after_epoch(self, validation_loss: float) -> None:
        """Moves the rates after an epoch."""
        if self.by_loss:
            self.inner.step(validation_loss)

    def rates(self) -> tuple[float, float]:
        """The rates of the dense layers and of the backbone, 0 where it is frozen."""
        current = [float(group["lr"]) for group in self.optimizer.param_groups]
        return current[0], current[1] if len(current) > 1 else 0.0
