"""A network trained for one part of a protocol, and its predictions there."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxr.cohort.protocols import part_cohort
from cxr.cohort.tags import label_names
from cxr.evaluation.predict import predict_images
from cxr.evaluation.predictions import predictions_table
from cxr.images.rows import ImageRows
from cxr.training.run import TrainingRun


@dataclass(frozen=True)
class PartSettings:
    """The training for one part.

    Attributes
    ----------
    part, protocol : str
        As in `folds.parquet`.
    run : TrainingRun
    """

    part: str
    protocol: str
    run: TrainingRun


def predict_part(
    settings: PartSettings,
    cohort: pd.DataFrame,
    folds: pd.DataFrame,
    images: np.ndarray,
    weights: str | None,
    checkpoint: Path,
    code: str,
) -> pd.DataFrame:
    """The predictions of a network trained on a part's training images, of all its others.

    Parameters
    ----------
    settings : PartSettings
    cohort : DataFrame, n rows
    folds : DataFrame
        As `cxr.cohort.protocols.divide_protocols` makes it; a part may be left out there.
    images : uint8 array, shape (n, size, size)
    weights, checkpoint, code
        As of `cxr.training.run.TrainingRun.fit`.

    Returns
    -------
    DataFrame
        As `cxr.evaluation.predictions.predictions_table` makes it, with `part` and `protocol`.
    """
    classes = settings.run.classes
    labels = label_names(cohort, classes)
    rows = part_cohort(cohort, folds, settings.part)
    if rows.empty:
        none = np.zeros((0, len(classes))), np.zeros((0, len(labels)))
        table = predictions_table(rows, none[0], classes, labels, none[1])
    else:
        trained = settings.run.fit(rows, images, weights, checkpoint, code)
        tested = (rows["split"] != "train").to_numpy()
        network, size = trained.network, trained.image_size
        held_out = ImageRows.where(images, tested)
        table, _ = predict_images(
            network, rows[tested], held_out, size, classes, labels, settings.run.device
        )
        trained.checkpoint.remove()
    return table.assign(part=settings.part, protocol=settings.protocol)
