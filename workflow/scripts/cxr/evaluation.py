"""Metrics of a classifier, each with an interval from a patient-level bootstrap."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

LEVEL = 0.95
METHOD = "percentile bootstrap over patients, exact binomial where every draw agrees"


def evaluate_splits(
    cohort: pd.DataFrame,
    probabilities: np.ndarray,
    classes: Sequence[str],
    seed: int,
    replicates: int = 1000,
) -> dict[str, Any]:
    """The metrics document: each split's metrics, and how their intervals were made.

    Parameters
    ----------
    cohort : DataFrame, n rows
        `class, split, patient_id`.
    probabilities : float array, shape (n, c)
    """
    labels = pd.Categorical(cohort["class"], categories=list(classes)).codes.astype(np.int64)
    patients = cohort["patient_id"].to_numpy()
    splits = {}
    for name in ("train", "validation", "test"):
        rows = np.flatnonzero(cohort["split"] == name)
        splits[name] = evaluate(
            labels[rows], probabilities[rows], patients[rows], classes, replicates, seed
        )
    how = {"level": LEVEL, "method": METHOD, "replicates": replicates}
    return {"classes": list(classes), "interval": how, "splits": splits}


def evaluate(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """Every metric of a set of images, with its 95% interval.

    Images of a patient are not independent, so whole patients are drawn with
    replacement, and all metrics are computed anew from each draw.

    Parameters
    ----------
    labels : int array, shape (n,)
        True class.
    probabilities : float array, shape (n, c)
    patients : array of str, shape (n,)
    classes : sequence of str, length c
    replicates : int
    seed : int

    Returns
    -------
    dict
        `images, patients, accuracy, balanced_accuracy, macro_f1, roc_auc`
        (one against the rest, mean over the classes), `per_class` and
        `confusion` (rows true, columns predicted). A metric is a dict of
        `value, low, high`, each null where it is not defined.

    References
    ----------
    C. Field, A. Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69, 2007.
    """
    c = len(classes)
    names, owner = np.unique(patients, return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(
        len(names), np.full(len(names), 1 / len(names)), size=replicates
    )
    # The first row counts every image once: the metrics' own values.
    weights = np.vstack([np.ones(len(labels)), draws[:, owner]])
    predicted = probabilities.argmax(axis=1)
    confusion = (weights @ np.eye(c * c)[labels * c + predicted]).reshape(-1, c, c)
    shares = rates(confusion)
    auc = np.stack([auc_of(probabilities[:, k], labels == k, weights) for k in range(c)], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = np.trace(confusion, axis1=1, axis2=2) / confusion.sum(axis=(1, 2))
    per_class = {}
    for k, name in enumerate(classes):
        true, called = labels == k, predicted == k
        of = {"precision": called, "recall": true, "sensitivity": true, "specificity": ~true}
        counted = {metric: len(np.unique(owner[rows])) for metric, rows in of.items()}
        per_class[name] = {
            "images": int(true.sum()),
            **{m: interval(values[:, k], counted.get(m)) for m, values in shares.items()},
            "roc_auc": interval(auc[:, k]),
        }
    return {
        "images": len(labels),
        "patients": len(names),
        "accuracy": interval(accuracy, len(names)),
        "balanced_accuracy": interval(shares["recall"].mean(axis=1)),
        "macro_f1": interval(shares["f1"].mean(axis=1)),
        "roc_auc": interval(auc.mean(axis=1)),
        "per_class": per_class,
        "confusion": confusion[0].astype(int).tolist(),
    }


def rates(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Precision, recall, F1, sensitivity and specificity of each class against the rest.

    Parameters
    ----------
    confusion : float array, shape (r, c, c)
        Rows true, columns predicted.

    Returns
    -------
    dict of float arrays, shape (r, c)
        NaN where a denominator is zero. Sensitivity is recall by its clinical name.
    """
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    true = confusion.sum(axis=2)
    predicted = confusion.sum(axis=1)
    total = confusion.sum(axis=(1, 2))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = hits / true
        return {
            "precision": hits / predicted,
            "recall": recall,
            "f1": 2 * hits / (true + predicted),
            "sensitivity": recall,
            "specificity": (total - true - predicted + hits) / (total - true),
        }


def auc_of(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted area under the ROC curve for each row of weights, ties counted half.

    Parameters
    ----------
    scores : float array, shape (n,)
    positive : bool array, shape (n,)
    weights : float array, shape (r, n)

    Returns
    -------
    float array, shape (r,)
        NaN where one side has no weight.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    above = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    below = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    before = below.cumsum(axis=1) - below
    with np.errstate(invalid="ignore", divide="ignore"):
        won = (above * (before + 0.5 * below)).sum(axis=1)
        return won / (above.sum(axis=1) * below.sum(axis=1))


def interval(values: np.ndarray, patients: int | None = None) -> dict[str, float | None]:
    """Value and percentile interval from a metric's own value and its replicates.

    Where every draw agrees a percentile interval would claim certainty: of a
    share that is 0 or 1 the exact binomial interval over patients takes its
    place, other metrics then have no bounds.

    Parameters
    ----------
    values : float array, shape (1 + replicates,)
        The value itself first; replicates in which it is not defined are NaN.
    patients : int, optional
        For a share, the patients it is of.

    References
    ----------
    C. Clopper, E. Pearson, "The use of confidence or fiducial limits", Biometrika 26, 1934.
    """
    own = float(values[0])
    if not np.isfinite(own):
        return {"value": None, "low": None, "high": None}
    tail = 100 * (1 - LEVEL) / 2
    defined = values[1:][np.isfinite(values[1:])]
    low, high = np.percentile(defined, [tail, 100 - tail]) if len(defined) else (np.nan, np.nan)
    if low == high:
        extreme = own in (0.0, 1.0)
        low, high = _exact(own, patients) if patients and extreme else (np.nan, np.nan)
    bounds = [round(float(v), 6) if np.isfinite(v) else None for v in (low, high)]
    return {"value": round(own, 6), "low": bounds[0], "high": bounds[1]}


def _exact(share: float, patients: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(round(share * patients), patients).proportion_ci(LEVEL, method="exact")
    return float(found.low), float(found.high)
