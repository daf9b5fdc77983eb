"""Linear probes: how well features predict view, publication, file format, country, own fields."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.metadata.fields import own_groups
from cxr.statistics.bootstrap import patient_weights, percentile_interval

PROBED = ("view", "doi", "format", "country")
FOLDS = 5
MIN_PATIENTS = 5
REPLICATES = 500


def probe(
    features: np.ndarray, patients: np.ndarray, fields: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """Cross-validated linear probes, split by patient, against the majority rate.

    Parameters
    ----------
    features : float array, shape (n, d)
    patients : array of str, shape (n,)
    fields : DataFrame, n rows
    seed : int

    Returns
    -------
    list of dict
        For each of `PROBED` that is recorded, and each own field of text: `field`,
        `images`, `levels` (those that at least five patients have), `majority`, the
        majority baseline, and `accuracy` with its 95% bootstrap interval over patients; null where
        fewer than two levels are left.

    References
    ----------
    G. Alain, Y. Bengio, "Understanding intermediate layers using linear
    classifier probes", 2016.
    """
    return [
        _probe(name, features, patients, fields[name], seed)
        for name in (*PROBED, *own_groups(fields))
        if name in fields.columns
    ]


def _probe(
    name: str, features: np.ndarray, patients: np.ndarray, field: pd.Series, seed: int
) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    n_patients = pd.Series(patients).groupby(field.to_numpy(dtype=object)).nunique()
    frequent = n_patients.index[n_patients >= MIN_PATIENTS]
    kept = field.isin(list(frequent)).to_numpy()
    labels = field[kept].to_numpy(dtype=np.str_)
    result: dict[str, Any] = {
        "field": name,
        "images": int(kept.sum()),
        "levels": len(frequent),
        "majority": None,
        "accuracy": None,
    }
    if len(frequent) < 2:
        return result
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    predicted = cross_val_predict(model, features[kept], labels, groups=patients[kept], cv=folds)
    correct = (predicted == labels).astype(np.float64)
    weights = patient_weights(patients[kept], REPLICATES, seed)
    result["majority"] = float(np.unique(labels, return_counts=True)[1].max() / len(labels))
    result["accuracy"] = percentile_interval(weights @ correct / weights.sum(axis=1))
    return result
