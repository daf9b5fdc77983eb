"""A small task that a network can learn, and recipes for it."""

from dataclasses import asdict

import numpy as np
import torch

from cxr.networks.augmentation import Augmentation
from cxr.training.dataset import TrainingData
from cxr.training.recipe import Phase, Recipe
from cxr.training.run import ModelSettings, TrainingRun

PHASE = Phase(
    epochs=6,
    image_size=32,
    frozen=False,
    learning_rate=3e-3,
    schedule="one-cycle",
    batch_size=16,
    weight_decay=0.01,
    label_smoothing=0.0,
    mixup=0.0,
    averaging=0.0,
    class_weights=True,
    patience=None,
    keep="best",
)
AUGMENTATION = Augmentation(
    rotation=7.0,
    shift=0.05,
    scale=0.08,
    brightness=0.15,
    contrast=0.15,
    noise=0.05,
    erasing=0.5,
    flip=False,
)


def recipe(*phases, augmentation=None, precision="float32"):
    """A recipe of phases that differ from `PHASE` in the given fields."""
    built = tuple(Phase(**(asdict(PHASE) | changes)) for changes in phases or ({},))
    return Recipe(built, augmentation, precision, compile=False)


def run_of(training, classes=("a", "b"), dropout=0.2):
    """A run of a small network with a recipe."""
    model = ModelSettings("conv5", "none", feature_dim=8, dropout=dropout, training=training)
    return TrainingRun(tuple(classes), model, seed=1, square="crop")


def data(rng, n=60):
    """Two classes: the bright half of the image is the upper or the lower one."""
    images = rng.integers(0, 90, (n, 32, 32), dtype=np.uint8)
    labels = np.arange(n) % 2
    images[labels == 0, :16] += 120
    images[labels == 1, 16:] += 120
    return TrainingData(images, labels, np.repeat(["train", "validation", "test"], n // 3))


def state(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def equal(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)
