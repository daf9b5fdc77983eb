"""What a trained network makes of images: features and probabilities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

    from cxr.networks.architecture import Network


def run(
    network: "Network", images: np.ndarray, image_size: int | None, batch_size: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Features and class probabilities of images.

    Parameters
    ----------
    network : Network
    images : uint8 array, shape (n, h, w)
        Canonical pixels, as in training.
    image_size : int or None
        Side of the network's input; None for the images' own.
    batch_size : int

    Returns
    -------
    features : float32 array, shape (n, feature_dim)
    probabilities : float32 array, shape (n, n_classes)
    """
    import torch

    from cxr.networks.augmentation import resize, to_unit
    from cxr.networks.device import best_device

    device = best_device()
    network.to(device).eval()
    features = [np.zeros((0, network.feature_dim), dtype=np.float32)]
    probabilities = [np.zeros((0, network.n_classes), dtype=np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(np.array(images[start : start + batch_size])[:, None])
            units = network.features(to_unit(resize(batch.to(device), image_size)))
            features.append(units.float().cpu().numpy())
            logits = network.class_logits(units).float()
            probabilities.append(torch.softmax(logits, dim=1).cpu().numpy())
    return np.concatenate(features), np.concatenate(probabilities)


def label_probabilities(network: "Network", features: np.ndarray) -> np.ndarray:
    """The probability of every label by itself, float32 of shape (n, n_classes + n_tags).

    Parameters
    ----------
    network : Network
        That was trained with tags.
    features : float32 array, shape (n, feature_dim)
    """
    import torch

    with torch.inference_mode():
        logits = network.cpu().eval().output(torch.from_numpy(features)).float()
        return torch.sigmoid(logits).numpy()


def features_table(cohort: pd.DataFrame, features: np.ndarray) -> pd.DataFrame:
    """The features file: image_id, class, split, and one float32 column a unit.

    One column a unit (f000, f001, ...) rather than one list column: every tool
    reads it, a single unit can be read by itself, and at 64 units it is as
    small and as fast.

    Parameters
    ----------
    cohort : DataFrame, n rows
    features : float array, shape (n, d)
    """
    names = [f"f{unit:03d}" for unit in range(features.shape[1])]
    table = pd.DataFrame(features.astype(np.float32), columns=names)
    return pd.concat([cohort[["image_id", "class", "split"]].reset_index(drop=True), table], axis=1)


def predictions_table(
    cohort: pd.DataFrame,
    probabilities: np.ndarray,
    classes: Sequence[str],
    labels: Sequence[str] = (),
    label_probabilities: np.ndarray | None = None,
) -> pd.DataFrame:
    """One row an image: class, split, predicted class, one probability a class.

    Parameters
    ----------
    cohort : DataFrame, n rows
    probabilities : float array, shape (n, n_classes)
    classes : sequence of str
    labels : sequence of str
        Of a network with tags: every label, each with a column `label_<name>` for
        its probability by itself.
    label_probabilities : float array, shape (n, len(labels))
    """
    table = cohort[["image_id", "class", "split"]].reset_index(drop=True).astype("str")
    table["predicted"] = np.asarray(classes, dtype=object)[probabilities.argmax(axis=1)]
    for position, name in enumerate(classes):
        table[f"probability_{name}"] = probabilities[:, position].astype(np.float32)
    if labels and label_probabilities is not None:
        columns = [f"label_{name}" for name in labels]
        own = pd.DataFrame(label_probabilities.astype(np.float32), columns=columns)
        table = pd.concat([table, own], axis=1)
    return table


def predictions_schema(classes: Sequence[str], labels: Sequence[str] = ()) -> "pa.Schema":
    """The columns of predictions of the parts of protocols, which may have no rows."""
    import pyarrow as pa

    texts = ["image_id", "class", "split", "predicted"]
    fields = [(name, pa.string()) for name in texts]
    fields += [(f"probability_{name}", pa.float32()) for name in classes]
    fields += [(f"label_{name}", pa.float32()) for name in labels]
    return pa.schema([*fields, ("part", pa.string()), ("protocol", pa.string())])
