"""Small trainings of the workflow, on the GPU or, where there is none, on the processors."""

import gc
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from cxr.images.rows import ImageRows  # noqa: E402
from cxr.networks.architecture import build_network  # noqa: E402
from cxr.networks.augmentation import Augmentation  # noqa: E402
from cxr.training.learner import Learner  # noqa: E402
from cxr.training.recipe import Phase, Recipe  # noqa: E402

AUGMENTATION = Augmentation(7.0, 0.05, 0.08, 0.15, 0.15, noise=0.0, erasing=0.0, flip=False)
EVERYTHING = Augmentation(7.0, 0.05, 0.08, 0.15, 0.15, noise=0.05, erasing=0.5, flip=True)
SETTINGS = {
    "frozen": False,
    "learning_rate": 1e-3,
    "schedule": "one-cycle",
    "weight_decay": 0.01,
    "label_smoothing": 0.0,
    "mixup": 0.0,
    "averaging": 0.0,
    "class_weights": True,
    "patience": None,
    "keep": "last",
}


def card():
    """The GPU, or the processors where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def synthetic(n, side):
    """Grey images whose brighter half is their class."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 130, (n, side, side), dtype=np.uint8)
    labels = np.arange(n) % 2
    images[labels == 0, : side // 2] += 90
    images[labels == 1, side // 2 :] += 90
    return images, labels


def phase_of(side, batch, **changes):
    """A phase of the default settings but for some."""
    return Phase(**(SETTINGS | {"epochs": 20, "image_size": side, "batch_size": batch} | changes))


def learner_of(architecture, phase, images, labels, graphs=True, augmentation=AUGMENTATION):
    """A learner of the workflow that is about to begin."""
    network = build_network(architecture, 2, 64, 0.2, seed=0)
    network.to(card(), memory_format=torch.channels_last)
    targets = F.one_hot(torch.from_numpy(labels), 2).float()
    rows = np.arange(len(images))
    split = (ImageRows(images, rows), targets)
    some = (ImageRows(images, rows[:64]), targets[:64])
    recipe = Recipe((phase,), augmentation, "auto", compile=False)
    learner = Learner(network, recipe, phase, split, some, card(), graphs=graphs)
    learner.begin(None)
    return learner


def wait():
    if card().type == "cuda":
        torch.cuda.synchronize()


def free():
    gc.collect()
    if card().type == "cuda":
        torch.cuda.empty_cache()


def say(text):
    print(text, file=sys.stderr, flush=True)
