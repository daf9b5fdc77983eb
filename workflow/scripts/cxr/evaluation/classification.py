"""The metrics of predicted classes, each with an interval from a patient-level bootstrap."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxr.statistics.bootstrap import less_bias, patient_weights, percentile_interval
from cxr.statistics.metrics import (
    average_precision,
    calibration_curve,
    class_rates,
    roc_auc,
)


def classification_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
    classes: Sequence[str],
    replicates: int,
    seed: int,
    thresholds: np.ndarray | None = None,
) -> dict[str, Any]:
    """Every metric of a set of images, with its 95% interval.

    Parameters
    ----------
    labels : int array, shape (n,)
        True class.
    probabilities : float array, shape (n, c)
    patients : array of str, shape (n,)
    classes : sequence of str, length c
    replicates, seed : int
        Of the bootstrap over patients.
    thresholds : float array, shape (n, c), optional
        Operating thresholds: an image is positive for a class where its probability is
        at least the threshold.

    Returns
    -------
    dict
        `images, patients, accuracy, balanced_accuracy, macro_f1, roc_auc,
        average_precision` (these two one against the rest, mean over the classes),
        `ece` (expected calibration error, less its bias), `reliability` (a row a bin of
        confidence), `per_class` and `confusion` (rows true, columns predicted). A
        metric is a dict of `value, low, high`, each null where it is not defined.
    """
    c = len(classes)
    weights = patient_weights(patients, replicates, seed)
    patient_codes = np.unique(patients, return_inverse=True)[1]
    predicted = probabilities.argmax(axis=1)
    confusion = confusion_matrices(labels, predicted, c, weights)
    rates = class_rates(confusion)
    for name, metric in (("roc_auc", roc_auc), ("average_precision", average_precision)):
        values = [metric(probabilities[:, k], labels == k, weights) for k in range(c)]
        rates[name] = np.stack(values, axis=1)
    calibration = calibration_curve(probabilities.max(axis=1), predicted == labels, weights)
    per_class = {
        name: _class_metrics(k, labels, probabilities, patient_codes, rates, weights, thresholds)
        for k, name in enumerate(classes)
    }
    n_patients = int(patient_codes.max(initial=-1)) + 1
    return {
        "images": len(labels),
        "patients": n_patients,
        "accuracy": percentile_interval(accuracies(confusion), n_patients),
        "balanced_accuracy": percentile_interval(rates["recall"].mean(axis=1)),
        "macro_f1": percentile_interval(rates["f1"].mean(axis=1)),
        "roc_auc": percentile_interval(rates["roc_auc"].mean(axis=1)),
        "average_precision": percentile_interval(rates["average_precision"].mean(axis=1)),
        "ece": percentile_interval(less_bias(calibration["ece"])),
        "reliability": _reliability(calibration),
        "per_class": per_class,
        "confusion": confusion[0].astype(int).tolist(),
    }


def confusion_matrices(
    labels: np.ndarray, predicted: np.ndarray, n_classes: int, weights: np.ndarray
) -> np.ndarray:
    """The confusion matrix under each row of weights.

    Parameters
    ----------
    labels, predicted : int array, shape (n,)
    n_classes : int
    weights : float array, shape (r, n)

    Returns
    -------
    float array, shape (r, n_classes, n_classes)
        Rows true, columns predicted.
    """
    cells = np.eye(n_classes**2)[labels * n_classes + predicted]
    return (weights @ cells).reshape(-1, n_classes, n_classes)


def accuracies(confusion: np.ndarray) -> np.ndarray:
    """The accuracy of each confusion matrix, shape (r,); NaN of one without weight."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.trace(confusion, axis1=1, axis2=2) / confusion.sum(axis=(1, 2))


def binary_rates(
    positive: np.ndarray, called: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Accuracy and the rates of `class_rates` of one label, each of shape (r,).

    Parameters
    ----------
    positive, called : bool array, shape (n,)
        Which images have the label, and which are said to.
    weights : float array, shape (r, n)
    """
    confusion = confusion_matrices(positive.astype(int), called.astype(int), 2, weights)
    rates = {name: values[:, 1] for name, values in class_rates(confusion).items()}
    return {"accuracy": accuracies(confusion), **rates}


def _class_metrics(
    k: int,
    labels: np.ndarray,
    probabilities: np.ndarray,
    patient_codes: np.ndarray,
    rates: dict[str, np.ndarray],
    weights: np.ndarray,
    thresholds: np.ndarray | None,
) -> dict[str, Any]:
    """The metrics of class `k` against the rest."""
    positive, called = labels == k, probabilities.argmax(axis=1) == k
    denominators = {
        "precision": called,
        "recall": positive,
        "sensitivity": positive,
        "specificity": ~positive,
    }
    patients = {m: len(np.unique(patient_codes[rows])) for m, rows in denominators.items()}
    metrics: dict[str, Any] = {"images": int(positive.sum())}
    metrics |= {
        m: percentile_interval(values[:, k], patients.get(m)) for m, values in rates.items()
    }
    if thresholds is not None:
        metrics["at_threshold"] = _at_threshold(
            probabilities[:, k], thresholds[:, k], positive, weights, patients
        )
    return metrics


def _at_threshold(
    scores: np.ndarray,
    thresholds: np.ndarray,
    positive: np.ndarray,
    weights: np.ndarray,
    patients: dict[str, int],
) -> dict[str, Any]:
    """Accuracy, sensitivity and specificity at operating thresholds."""
    names = ("accuracy", "sensitivity", "specificity")
    if np.isnan(thresholds).any():
        undefined = {"value": None, "low": None, "high": None}
        return {"threshold": None, **dict.fromkeys(names, undefined)}
    rates = binary_rates(positive, scores >= thresholds, weights)
    distinct = np.unique(thresholds)
    return {
        "threshold": round(float(distinct.mean()), 6) if len(distinct) else None,
        **{name: percentile_interval(rates[name], patients.get(name)) for name in names},
    }


def _reliability(calibration: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """The bins of confidence that hold images: their number, confidence and accuracy."""
    return [
        {
            "images": int(calibration["mass"][0, k]),
            "confidence": round(float(calibration["confidence"][0, k]), 6),
            "accuracy": percentile_interval(calibration["accuracy"][:, k]),
        }
        for k in np.flatnonzero(calibration["mass"][0] > 0)
    ]
