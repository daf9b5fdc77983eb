"""Metrics of networks that learn several labels at once, and what these metrics hide.

An image has few of many labels, so that saying no to all of them is nearly always
correct: `references` measures simple predictors by the same metrics.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxr.evaluation.classification import binary_rates
from cxr.statistics.bootstrap import patient_weights, percentile_interval
from cxr.statistics.metrics import average_precision

THRESHOLD, BETA = 0.2, 2.0
NO_LABEL, CLASS_ALONE = "no label at all", "the true class, no tag"


def accuracy_thresh(
    scores: np.ndarray, truth: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """Of each image the share of its labels that are correct, as `accuracy_thresh` of fastai 1.

    The mean over the images is fastai's metric, called `accuracy_multi` since fastai 2.

    Parameters
    ----------
    scores : float array, shape (n, t)
        Probabilities; a label is predicted where its probability exceeds the threshold.
    truth : bool array, shape (n, t)
    threshold : float

    Returns
    -------
    float array, shape (n,)

    References
    ----------
    fastai 1.0.61, `fastai.metrics.accuracy_thresh`; fastai 2, `accuracy_multi`.
    """
    return ((scores > threshold) == truth).mean(axis=1)


def fbeta(
    scores: np.ndarray, truth: np.ndarray, threshold: float = THRESHOLD, beta: float = BETA
) -> np.ndarray:
    """F-beta over the labels of each image; the mean over the images is fastai's `fbeta`.

    0 where an image has no label and none is predicted.

    Parameters
    ----------
    scores : float array, shape (n, t)
    truth : bool array, shape (n, t)
    threshold, beta : float
        Beta 2 counts a missed label more than a false one.

    Returns
    -------
    float array, shape (n,)

    References
    ----------
    fastai 1.0.61, `fastai.metrics.fbeta` (thresh 0.2, beta 2); fastai 2, `FBetaMulti`
    with average "samples", which is scikit-learn's `fbeta_score`.
    """
    called = scores > threshold
    hits = (called & truth).sum(axis=1)
    total = beta**2 * truth.sum(axis=1) + called.sum(axis=1)
    return np.where(total > 0, (1 + beta**2) * hits / np.maximum(total, 1), 0.0)


def multilabel_metrics(
    truth: np.ndarray,
    scores: np.ndarray,
    patients: np.ndarray,
    labels: Sequence[str],
    n_classes: int,
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """Every multi-label metric of a set of images with its 95% interval.

    Parameters
    ----------
    truth : bool array, shape (n, t)
    scores : float array, shape (n, t)
        Probabilities.
    patients : array of str, shape (n,)
    labels : sequence of str, length t
        The classes first.
    n_classes : int
    replicates, seed : int
        Of the bootstrap over patients.

    Returns
    -------
    dict
        `images, patients, labels, occurring` (labels that an image has), `threshold,
        beta, accuracy_thresh, fbeta`; `macro_f1` (at the threshold) and
        `average_precision`, means over the labels that occur; `per_label`: `images`,
        `share`, the two, null where the label does not occur, and of a tag `class_known`,
        the average precision of its share within the true class, and the `gain` over it;
        `references`: `accuracy_thresh` and `fbeta` of saying no to every label, and of
        the true class and nothing else, and as `gain` how much more the first is than
        theirs; `without_tags`: the same of these scores with no to every tag. Gains are
        on the same draws of patients. Metrics are `value, low, high`.
    """
    weights = patient_weights(patients, replicates, seed)
    columns = range(len(labels))
    f1_scores = [
        binary_rates(truth[:, k], scores[:, k] > THRESHOLD, weights)["f1"] for k in columns
    ]
    precisions = [average_precision(scores[:, k], truth[:, k], weights) for k in columns]
    f1, precision = np.stack(f1_scores, axis=1), np.stack(precisions, axis=1)
    occurs = np.asarray(truth.any(axis=0))
    f1[:, ~occurs], precision[:, ~occurs] = np.nan, np.nan
    per_label: dict[str, dict[str, Any]] = {}
    for k, name in enumerate(labels):
        per_label[name] = {
            "images": int(truth[:, k].sum()),
            "share": round(float(truth[:, k].mean()), 6),
            "average_precision": percentile_interval(precision[:, k]),
            "f1": percentile_interval(f1[:, k]),
        }
        if k >= n_classes:
            per_label[name] |= _gain_over_class(truth, n_classes, k, precision[:, k], weights)
    class_scores = np.where(np.arange(len(labels)) < n_classes, scores, 0)
    return {
        "images": len(truth),
        "patients": len(np.unique(patients)),
        "labels": len(labels),
        "occurring": int(occurs.sum()),
        "threshold": THRESHOLD,
        "beta": BETA,
        **_image_metrics(scores, truth, weights),
        "macro_f1": percentile_interval(_mean(f1)),
        "average_precision": percentile_interval(_mean(precision)),
        "per_label": per_label,
        "references": references(truth, scores, n_classes, weights),
        "without_tags": _reference(class_scores, truth, accuracy_thresh(scores, truth), weights),
    }


def references(
    truth: np.ndarray, scores: np.ndarray, n_classes: int, weights: np.ndarray
) -> dict[str, Any]:
    """The metrics of simple predictors by name, and how much more the network reaches."""
    no_label, class_alone = np.zeros(truth.shape), np.zeros(truth.shape)
    class_alone[:, :n_classes] = truth[:, :n_classes]
    accuracy = accuracy_thresh(scores, truth)
    predictors = {NO_LABEL: no_label, CLASS_ALONE: class_alone}
    return {
        name: _reference(predicted, truth, accuracy, weights)
        for name, predicted in predictors.items()
    }


def _reference(
    scores: np.ndarray, truth: np.ndarray, accuracy: np.ndarray, weights: np.ndarray
) -> dict[str, Any]:
    """The metrics of a reference's scores, and the gain of the network's `accuracy` over it."""
    gain = weights @ (accuracy - accuracy_thresh(scores, truth)) / weights.sum(axis=1)
    return {**_image_metrics(scores, truth, weights), "gain": percentile_interval(gain)}


def _gain_over_class(
    truth: np.ndarray, n_classes: int, tag: int, precision: np.ndarray, weights: np.ndarray
) -> dict[str, Any]:
    """The average precision of a tag's share within the true class, and the gain over it."""
    reference = average_precision(_share_of_class(truth, n_classes, tag), truth[:, tag], weights)
    return {
        "class_known": percentile_interval(reference),
        "gain": percentile_interval(precision - reference),
    }


def _share_of_class(truth: np.ndarray, n_classes: int, label: int) -> np.ndarray:
    """The share of each image's class that has a label, shape (n,)."""
    classes = truth[:, :n_classes].astype(np.float64)
    shares = classes.T @ truth[:, label] / np.maximum(classes.sum(axis=0), 1)
    return classes @ shares


def _image_metrics(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """The metrics that are means over images."""
    metrics = {"accuracy_thresh": accuracy_thresh(scores, truth), "fbeta": fbeta(scores, truth)}
    total = weights.sum(axis=1)
    return {name: percentile_interval(weights @ values / total) for name, values in metrics.items()}


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the labels of each weighting, of those that are defined."""
    defined = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(defined, values, 0).sum(axis=1) / defined.sum(axis=1)
