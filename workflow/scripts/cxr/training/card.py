"""The card of a trained model: what it is, what it was trained on, and how."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

import pandas as pd
import torch
import torchvision

from cxr.networks.architecture import PREPROCESSING, Network, parameter_count
from cxr.training.dataset import TrainingData
from cxr.training.run import TrainingRun


def model_card(
    run: TrainingRun,
    network: Network,
    data: TrainingData,
    history: pd.DataFrame,
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """The card that is stored beside a model's weights, as JSON values.

    Parameters
    ----------
    run : TrainingRun
    network : Network
    data : TrainingData
    history : DataFrame
        As in `cxr.training.loop.TrainingResult`.
    tags : sequence of str
        Labels besides the classes, in the order of the network's.
    """
    model = run.model
    return {
        "architecture": model.architecture,
        "classes": list(run.classes),
        **({"tags": list(tags)} if tags else {}),
        "feature_dim": model.feature_dim,
        "feature_layer": "dense, after its rectifier",
        "image_size": model.training.phases[-1].image_size,
        "cache_size": int(data.images.shape[1]),
        "square": run.square,
        **({"hide_text": True} if run.hide_text else {}),
        "preprocessing": PREPROCESSING,
        "parameters": parameter_count(network),
        "initial_weights": PurePath(model.weights).name,  # not where they lay
        "training": json.loads(json.dumps(asdict(model.training), sort_keys=True)),
        "dropout": model.dropout,
        "seed": run.seed,
        "epochs": len(history),
        "best_epoch": int(history["epoch"].to_numpy()[history["best"].to_numpy()][0]),
        "training_data_sha256": data.digest(),
        "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__},
    }
