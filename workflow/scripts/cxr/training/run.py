"""One training, from its settings to the trained network."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.networks.architecture import Network, build_network
from cxr.networks.weights import load_backbone
from cxr.training.checkpoint import Checkpoint
from cxr.training.dataset import TrainingData
from cxr.training.loop import TrainingResult, train
from cxr.training.recipe import Recipe


@dataclass(frozen=True)
class ModelSettings:
    """A network and its training; the config's `models.<name>` documents each field."""

    architecture: str
    weights: str
    feature_dim: int
    dropout: float
    training: Recipe


@dataclass(frozen=True)
class TrainingRun:
    """Everything that a training depends on besides its data and its code.

    Attributes
    ----------
    classes : tuple of str
    model : ModelSettings
    seed : int
        Of the initial weights, the batches and the augmentation.
    square : str, optional
        How the images became square; for the card of a model that others use.
    hide_text : bool
        Whether burned-in text was painted over; for the card as well.
    device : str
        As of `cxr.networks.device.choose_device`.
    """

    classes: tuple[str, ...]
    model: ModelSettings
    seed: int
    square: str | None = None
    hide_text: bool = False
    device: str = "auto"

    def fit(
        self,
        cohort: pd.DataFrame,
        images: np.ndarray,
        weights: str | None,
        checkpoint: Path,
        code: str,
    ) -> "TrainedModel":
        """Trains a network, from the last epoch of a job that was killed where there was one.

        Parameters
        ----------
        cohort : DataFrame, n rows
            `class`, `split` and, of a study with tags, `tags`.
        images : uint8 array, shape (n, size, size)
        weights : str, optional
            A file of pre-trained weights of the backbone.
        checkpoint : Path
            No declared output of a rule: these are deleted when a job fails or is run again.
            It is left for the caller to remove once the results are stored.
        code : str
            The fingerprint of the job's code.

        Raises
        ------
        InputError
            If images, cohort or weights do not fit together, or the loss is no number.
        """
        data = TrainingData.from_cohort(cohort, images, self.classes)
        network = self._start(data.n_tags, weights)
        stored = Checkpoint(checkpoint, asdict(self), data.digest(), code)
        result = train(network, data, self.model.training, self.seed, stored, self.device)
        return TrainedModel(network, data, result, stored)

    def _start(self, n_tags: int, weights: str | None) -> Network:
        """The network before its training."""
        model = self.model
        network = build_network(
            model.architecture,
            len(self.classes),
            model.feature_dim,
            model.dropout,
            self.seed,
            n_tags,
        )
        if weights:
            load_backbone(network, weights)
        return network


@dataclass(frozen=True)
class TrainedModel:
    """A network, what it was trained on and how that went.

    Attributes
    ----------
    network : Network
    data : TrainingData
    result : TrainingResult
    checkpoint : Checkpoint
        To be removed once the results are stored.
    """

    network: Network
    data: TrainingData
    result: TrainingResult
    checkpoint: Checkpoint

    @property
    def image_size(self) -> int:
        """Side of the images that it was last trained on."""
        return int(self.result.history["image_size"].iloc[-1])
