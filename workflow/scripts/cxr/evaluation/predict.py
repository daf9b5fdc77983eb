"""The predictions of a network, apart from their tables, which readers without torch use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxr.evaluation.predictions import predictions_table
from cxr.features.extract import extract_features, label_probabilities
from cxr.images.rows import Images

if TYPE_CHECKING:
    from cxr.networks.architecture import Network


def predict_images(
    network: "Network",
    cohort: pd.DataFrame,
    images: Images,
    image_size: int,
    classes: Sequence[str],
    labels: Sequence[str] = (),
    device: str = "auto",
) -> tuple[pd.DataFrame, np.ndarray]:
    """A network's predictions and features of images.

    Parameters
    ----------
    network : Network
    cohort : DataFrame, n rows
        `image_id, class, split`.
    images : uint8 array or ImageRows, shape (n, h, w)
        Canonical pixels, as in training.
    image_size : int
        Side of the network's input.
    classes : sequence of str
    labels : sequence of str
        Of a network with tags: every label, the classes first.
    device : str
        As of `cxr.networks.device.choose_device`.

    Returns
    -------
    predictions : DataFrame
        As `predictions_table` makes it.
    features : float32 array, shape (n, feature_dim)
    """
    features, probabilities = extract_features(network, images, image_size, device=device)
    of_labels = label_probabilities(network, features) if labels else None
    return predictions_table(cohort, probabilities, classes, labels, of_labels), features
