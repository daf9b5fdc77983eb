"""The tables of predictions, and the names of their columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

PROBABILITY, LABEL = "probability_", "label_"


def probability_columns(classes: Sequence[str]) -> list[str]:
    """The column of each class's probability."""
    return [f"{PROBABILITY}{name}" for name in classes]


def label_columns(labels: Sequence[str]) -> list[str]:
    """The column of each label's probability by itself."""
    return [f"{LABEL}{name}" for name in labels]


def class_probabilities(table: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """The probabilities of a table of predictions, float64 of shape (n, n_classes)."""
    return table[probability_columns(classes)].to_numpy(dtype=np.float64)


def confidences(table: pd.DataFrame) -> pd.Series:
    """The probability of the predicted class: the highest of each row."""
    return table.filter(regex=f"^{PROBABILITY}").max(axis=1)


def predictions_table(
    cohort: pd.DataFrame,
    probabilities: np.ndarray,
    classes: Sequence[str],
    labels: Sequence[str] = (),
    of_labels: np.ndarray | None = None,
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
    of_labels : float array, shape (n, len(labels))
        These probabilities.
    """
    table = cohort[["image_id", "class", "split"]].reset_index(drop=True).astype("str")
    table["predicted"] = np.asarray(classes, dtype=object)[probabilities.argmax(axis=1)]
    columns = probability_columns(classes)
    for position, name in enumerate(columns):
        table[name] = probabilities[:, position].astype(np.float32)
    if labels and of_labels is not None:
        by_label = pd.DataFrame(of_labels.astype(np.float32), columns=label_columns(labels))
        table = pd.concat([table, by_label], axis=1)
    return table


def predictions_schema(classes: Sequence[str], labels: Sequence[str] = ()) -> "pa.Schema":
    """The columns of predictions of the parts of protocols, which may have no rows."""
    import pyarrow as pa

    texts = ["image_id", "class", "split", "predicted"]
    fields = [(name, pa.string()) for name in texts]
    numbers = [*probability_columns(classes), *label_columns(labels)]
    fields += [(name, pa.float32()) for name in numbers]
    return pa.schema([*fields, ("part", pa.string()), ("protocol", pa.string())])
