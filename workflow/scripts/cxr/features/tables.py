"""The table of features, and the names of its columns."""

import numpy as np
import pandas as pd


def feature_columns(d: int) -> list[str]:
    """The columns of `d` features: f000, f001, ...

    One column a unit rather than one list column: every tool reads it, a single
    unit can be read by itself, and at 64 units it is as small and as fast.
    """
    return [f"f{unit:03d}" for unit in range(d)]


def features_table(cohort: pd.DataFrame, features: np.ndarray) -> pd.DataFrame:
    """The features file: image_id, class, split, and one float32 column a unit.

    Parameters
    ----------
    cohort : DataFrame, n rows
    features : float array, shape (n, d)
    """
    table = pd.DataFrame(features.astype(np.float32), columns=feature_columns(features.shape[1]))
    return pd.concat([cohort[["image_id", "class", "split"]].reset_index(drop=True), table], axis=1)


def feature_matrix(table: pd.DataFrame, dtype: type[np.floating] = np.float64) -> np.ndarray:
    """The features of a table with the columns of `feature_columns`, shape (n, d)."""
    return table.filter(regex=r"^f\d+$").to_numpy(dtype)
