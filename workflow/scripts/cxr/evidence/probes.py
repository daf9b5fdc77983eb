"""Linear probes: how well features predict view, publication, file format, country, own fields."""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from cxr.metadata.fields import own_groups
from cxr.statistics.bootstrap import bootstrap_values, percentile_interval
from cxr.statistics.permutation import patients_that_fit

PROBED = ("view", "doi", "format", "country")
FOLDS = 5
MIN_PATIENTS = 5
REPLICATES = 500
# Images that a probe is fitted to, at most; all held-out images are predicted still.
MAX_FITTED = 20_000


def probe(
    features: np.ndarray, patients: np.ndarray, fields: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """Cross-validated linear probes, split by patient, against the majority rate.

    Of more than 20,000 images the folds are not stratified, and each probe is fitted to those of
    patients drawn at random; every image is predicted by a probe that its patient had no part in.

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
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frequent = frequent_levels(field, patients)
    kept = field.isin(frequent).to_numpy()
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
    predicted = held_out_predictions(model, features[kept], labels, patients[kept], seed)
    correct = (predicted == labels).astype(np.float64)
    result["majority"] = float(np.unique(labels, return_counts=True)[1].max() / len(labels))
    shares = bootstrap_values(
        lambda weights: weights @ correct / weights.sum(axis=1), patients[kept], REPLICATES, seed
    )
    result["accuracy"] = percentile_interval(shares)
    return result


def frequent_levels(field: pd.Series, patients: np.ndarray) -> list[str]:
    """The levels of a field that at least five patients have, sorted."""
    n_patients = pd.Series(patients).groupby(field.to_numpy(dtype=object)).nunique()
    return list(n_patients.index[n_patients >= MIN_PATIENTS])


def held_out_predictions(
    model: Any, values: np.ndarray, labels: np.ndarray, patients: np.ndarray, seed: int
) -> np.ndarray:
    """The level that a classifier predicts for each image, fitted to other patients' images.

    Parameters
    ----------
    model : classifier of scikit-learn
    values : float array, shape (n, d)
    labels, patients : str array, shape (n,)
    seed : int

    Returns
    -------
    str array, shape (n,)
    """
    predicted = np.empty_like(labels)
    for fitted, held_out in _folds(tuple(labels), tuple(patients), seed, MAX_FITTED):
        # A sample may lack all but one level of a rare one's field.
        constant = len(np.unique(labels[fitted])) < 2
        predicted[held_out] = (
            labels[fitted][0]
            if constant
            else model.fit(values[fitted], labels[fitted]).predict(values[held_out])
        )
    return predicted


# Stratifying takes longer than fitting: probes of other features share the folds of a field.
@lru_cache(maxsize=32)
def _folds(
    labels: tuple[str, ...], patients: tuple[str, ...], seed: int, most: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Places of at most so many images that each probe is fitted to, and of those it predicts."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    if len(labels) <= most:
        stratified = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        return list(stratified.split(labels, labels, patients))
    # Stratification takes minutes of so many patients, and their folds are much alike without.
    rng, owners = np.random.default_rng(seed), np.unique(patients, return_inverse=True)[1]
    grouped = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    return [
        (fitted[patients_that_fit(owners[fitted], most, rng)], predicted)
        for fitted, predicted in grouped.split(labels, labels, owners)
    ]
