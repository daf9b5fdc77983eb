"""Features of networks that are trained once more, with another seed or on other patients."""

from pathlib import Path

import numpy as np
import pandas as pd

from cxr.features.extract import extract_features
from cxr.features.tables import features_table
from cxr.images.rows import ImageRows
from cxr.training.run import TrainingRun


def retrained_features(
    run: TrainingRun,
    cohort: pd.DataFrame,
    images: np.ndarray,
    weights: str | None,
    checkpoint: Path,
    code: str,
    split: str | None = None,
) -> pd.DataFrame:
    """The features of a cohort by a network that is trained on its training images.

    Parameters
    ----------
    run : TrainingRun
    cohort : DataFrame, n rows
        Without rows no network is trained.
    images : uint8 array, shape (n, size, size)
    weights, checkpoint, code
        As of `TrainingRun.fit`.
    split : str, optional
        The split whose images are described; None for all.

    Returns
    -------
    DataFrame
        As `cxr.features.tables.features_table` makes it.
    """
    if cohort.empty:
        return features_table(cohort, np.zeros((0, run.model.feature_dim), dtype=np.float32))
    trained = run.fit(cohort, images, weights, checkpoint, code)
    wanted = np.ones(len(cohort), dtype=bool)
    if split is not None:
        wanted = (cohort["split"] == split).to_numpy()
    features, _ = extract_features(
        trained.network, ImageRows.where(images, wanted), trained.image_size, device=run.device
    )
    trained.checkpoint.remove()
    return features_table(cohort[wanted], features)
