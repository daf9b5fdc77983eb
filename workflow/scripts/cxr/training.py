"""Training a network on the cached pixels, reproducibly, on the GPU where there is one."""

import copy
import hashlib
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
import torchvision
from torch import Tensor, nn
from torchvision.transforms import InterpolationMode, v2

from cxr.checkpoint import Checkpoint, random_state, restore_random_state
from cxr.errors import InputError
from cxr.models import PREPROCESSING, Network, best_device, parameter_count

log = logging.getLogger("cxr")


@dataclass(frozen=True)
class Recipe:
    """How to train; the config's `models.<name>.training` documents each field."""

    image_size: int | None
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    frozen_epochs: int
    augment: bool


@dataclass(frozen=True)
class Data:
    """Images, labels and splits; the test images are never looked at.

    Attributes
    ----------
    images : uint8 array, shape (n, h, w)
    labels : int array, shape (n,)
    split : str array, shape (n,)
        train, validation or test.
    """

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray

    @classmethod
    def of(cls, cohort: pd.DataFrame, images: np.ndarray, classes: Sequence[str]) -> "Data":
        """The data of a cohort table and its pixel cache, in the same order.

        Raises
        ------
        InputError
            If the two do not belong together.
        """
        if len(cohort) != len(images):
            raise InputError(
                f"images.npy holds {len(images)} images and cohort.parquet {len(cohort)} rows; "
                f"delete both and run again"
            )
        labels = pd.Categorical(cohort["class"], categories=list(classes)).codes.astype(np.int64)
        return cls(images, labels, cohort["split"].to_numpy(dtype=np.str_))

    def digest(self) -> str:
        """SHA-256 over the training and validation pixels and labels."""
        used = np.flatnonzero(self.split != "test")
        content = hashlib.sha256(self.images[used].tobytes())
        content.update(self.labels[used].tobytes() + "\n".join(self.split[used]).encode())
        return content.hexdigest()

    def part(self, name: str) -> tuple[Tensor, Tensor]:
        """Images, shape (m, 1, h, w), and labels of one split."""
        rows = np.flatnonzero(self.split == name)
        return torch.from_numpy(self.images[rows][:, None]), torch.from_numpy(self.labels[rows])


def train(
    network: Network,
    data: Data,
    recipe: Recipe,
    seed: int,
    checkpoint: Checkpoint | None = None,
) -> pd.DataFrame:
    """Trains a network in place; it ends with the weights of its best epoch.

    AdamW under a one-cycle schedule; the loss is weighted by inverse class
    frequency. Training stops when the validation loss has not improved for
    `patience` epochs. The same seed gives the same weights on the same machine,
    whether or not the training was interrupted in between.

    Parameters
    ----------
    network : Network
    data : Data
    recipe : Recipe
    seed : int
    checkpoint : Checkpoint, optional
        Written after every epoch, and where an earlier run got to. It is left
        for the caller to remove once the model is safe.

    Returns
    -------
    DataFrame
        A row an epoch: epoch, learning_rate, train_loss, train_accuracy,
        validation_loss, validation_accuracy, best.

    Raises
    ------
    InputError
        If the loss is no longer a number.

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019 (AdamW).
    L. Smith, N. Topin, "Super-convergence", 2018 (one-cycle).
    """
    with torch.random.fork_rng(devices=list(range(torch.cuda.device_count()))):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        return _train(network, data, recipe, np.random.default_rng(seed), checkpoint)


def _train(
    network: Network,
    data: Data,
    recipe: Recipe,
    rng: np.random.Generator,
    checkpoint: Checkpoint | None,
) -> pd.DataFrame:
    device = best_device()
    log.info("training on %s", device)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    images, labels = (part.to(device) for part in data.part("train"))
    held_images, held_labels = (part.to(device) for part in data.part("validation"))
    run = _Run.begin(network, recipe, labels, device)
    rows: list[dict[str, Any]] = []
    best: dict[str, Tensor] = {}
    best_loss, best_epoch = math.inf, 0
    stored = checkpoint.load() if checkpoint is not None else None
    if stored is not None:
        run.restore(stored, rng)
        rows, best = stored["rows"], stored["best"]
        best_loss, best_epoch = stored["best_loss"], stored["best_epoch"]
        log.info("going on after epoch %d, where an earlier run was interrupted", len(rows))
    for epoch in range(len(rows) + 1, recipe.epochs + 1):
        if epoch - 1 - best_epoch >= recipe.patience:
            log.info("no better validation loss for %d epochs: stopped", recipe.patience)
            break
        rate = run.schedule.get_last_lr()[0]
        network.train()
        network.freeze_body(epoch <= recipe.frozen_epochs)
        train_loss, train_accuracy = run.epoch(images, labels, rng)
        loss, accuracy = run.measure(held_images, held_labels)
        if not math.isfinite(train_loss + loss):
            raise InputError(
                f"training: the loss is no longer a number in epoch {epoch} at learning rate "
                f"{rate:.2g}; lower the model's training.learning_rate"
            )
        rows.append(
            {
                "epoch": epoch,
                "learning_rate": rate,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "validation_loss": loss,
                "validation_accuracy": accuracy,
            }
        )
        text = "epoch %d of %d: loss %.3f, validation loss %.3f, validation accuracy %.3f"
        log.info(text, epoch, recipe.epochs, train_loss, loss, accuracy)
        if loss < best_loss:
            best, best_loss, best_epoch = copy.deepcopy(network.state_dict()), loss, epoch
        if checkpoint is not None:
            progress = {"rows": rows, "best": best, "best_loss": best_loss}
            checkpoint.save({**run.state(rng), **progress, "best_epoch": best_epoch})
    network.load_state_dict(best)
    network.to("cpu").eval()
    history = pd.DataFrame(rows)
    return history.assign(best=history["epoch"] == best_epoch)


@dataclass(frozen=True)
class _Run:
    """What the epochs of one training share."""

    network: Network
    recipe: Recipe
    loss: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    augment: v2.Transform | None
    device: torch.device

    @classmethod
    def begin(
        cls, network: Network, recipe: Recipe, labels: Tensor, device: torch.device
    ) -> "_Run":
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        steps = recipe.epochs * math.ceil(len(labels) / recipe.batch_size)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, recipe.learning_rate, total_steps=steps + 1
        )
        loss = nn.CrossEntropyLoss(weight=_class_weights(labels, network.n_classes))
        augment = augmentation() if recipe.augment else None
        return cls(network, recipe, loss, optimizer, schedule, augment, device)

    def state(self, rng: np.random.Generator) -> dict[str, Any]:
        """Everything that the next epoch depends on."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "random": random_state(rng),
        }

    def restore(self, state: Mapping[str, Any], rng: np.random.Generator) -> None:
        """Goes back to where `state` was taken."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        restore_random_state(rng, state["random"])

    def epoch(
        self, images: Tensor, labels: Tensor, rng: np.random.Generator
    ) -> tuple[float, float]:
        """One pass over the training images: mean loss and accuracy."""
        total = hits = 0.0
        for batch in _batches(len(images), self.recipe.batch_size, rng):
            x = resize(images[batch], self.recipe.image_size)
            if self.augment is not None:
                # Image by image: on a batch the transform would draw its parameters once.
                x = torch.stack([self.augment(image) for image in x])
            with _mixed(self.device):
                logits = self.network(to_unit(x))
                value = self.loss(logits, labels[batch])
            self.optimizer.zero_grad(set_to_none=True)
            value.backward()
            self.optimizer.step()
            self.schedule.step()
            total += float(value.detach()) * len(batch)
            hits += float((logits.detach().argmax(1) == labels[batch]).sum())
        return total / len(images), hits / len(images)

    def measure(self, images: Tensor, labels: Tensor) -> tuple[float, float]:
        """Loss and accuracy on held-out images."""
        self.network.eval()
        with torch.inference_mode(), _mixed(self.device):
            logits = torch.cat(
                [
                    self.network(to_unit(resize(batch, self.recipe.image_size)))
                    for batch in images.split(2 * self.recipe.batch_size)
                ]
            ).float()
        accuracy = float((logits.argmax(1) == labels).float().mean())
        return float(self.loss(logits, labels)), accuracy


def describe(
    network: Network, data: Data, history: pd.DataFrame, cfg: Mapping[str, Any]
) -> dict[str, Any]:
    """The model's card: what it is, what it saw, how it was trained.

    Parameters
    ----------
    cfg : mapping
        `model` (the config's section), `classes`, `seed`.
    """
    model = cfg["model"]
    return {
        "architecture": model["architecture"],
        "classes": list(cfg["classes"]),
        "feature_dim": model["feature_dim"],
        "feature_layer": "dense, after its rectifier",
        "image_size": model["training"]["image_size"] or int(data.images.shape[1]),
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


def augmentation() -> v2.Transform:
    """Small changes that a radiograph survives: rotation, shift, scale, brightness, contrast.

    No flip: it would move the heart. Takes one uint8 image, shape (1, h, w).
    """
    return v2.Compose(
        [
            v2.RandomAffine(
                degrees=7,
                translate=(0.05, 0.05),
                scale=(0.92, 1.08),
                interpolation=InterpolationMode.BILINEAR,
            ),
            v2.ColorJitter(brightness=0.15, contrast=0.15),
        ]
    )


def resize(images: Tensor, size: int | None) -> Tensor:
    """Images of shape (n, 1, h, w) at `size`; as they are where it is None or theirs."""
    if size is None or images.shape[-1] == size:
        return images
    return v2.functional.resize(images, [size, size], antialias=True)


def to_unit(images: Tensor) -> Tensor:
    """uint8 to float from 0 to 1."""
    return images.to(torch.float32).div_(255).contiguous(memory_format=torch.channels_last)


def _batches(n: int, size: int, rng: np.random.Generator) -> Iterator[Tensor]:
    """Shuffled batches; a last batch of one joins the one before, for batch normalisation."""
    order = torch.from_numpy(rng.permutation(n))
    chunks = list(order.split(size))
    if len(chunks) > 1 and len(chunks[-1]) == 1:
        chunks[-2:] = [torch.cat(chunks[-2:])]
    yield from chunks


def _class_weights(labels: Tensor, n_classes: int) -> Tensor:
    counts = torch.bincount(labels, minlength=n_classes).clamp(min=1).float()
    return counts.sum() / (n_classes * counts)


def _mixed(device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")
