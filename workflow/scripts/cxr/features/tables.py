"""The tables of features and predictions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa


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
