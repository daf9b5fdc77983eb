"""Training a study's network once more, on other images or with another seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxr.networks.architecture import Network
from cxr.networks.weights import start_network
from cxr.training.checkpoint import Checkpoint
from cxr.training.dataset import TrainingData
from cxr.training.loop import train
from cxr.training.recipe import Recipe


def train_anew(
    cohort: pd.DataFrame,
    images: np.ndarray,
    weights: str | None,
    target: Path,
    settings: Mapping[str, Any],
    code: str,
) -> tuple[Network, int]:
    """A network trained as the config says, which goes on where a killed job left it.

    Parameters
    ----------
    cohort : DataFrame, n rows
    images : uint8 array, shape (n, size, size)
    weights : str, optional
        Pre-trained weights of its body.
    target : Path
        What the job writes; the checkpoint lies beside it.
    settings : mapping
        `classes`, `model` and `seed`; all of it is what the checkpoint is of.
    code : str
        The fingerprint of the job's code.

    Returns
    -------
    network : Network
    image_size : int
        Side of the images that it was last trained on.
    """
    model, classes = settings["model"], settings["classes"]
    data = TrainingData.of(cohort, images, classes)
    network = start_network(model, len(classes), settings["seed"], weights, data.n_tags)
    # Not a declared file: declared outputs are deleted when a job fails or is run again.
    checkpoint = Checkpoint(target.with_suffix(".checkpoint"), dict(settings), data.digest(), code)
    trained = train(network, data, Recipe.of(model["training"]), settings["seed"], checkpoint)
    checkpoint.remove()
    return network, int(trained.history["image_size"].iloc[-1])
