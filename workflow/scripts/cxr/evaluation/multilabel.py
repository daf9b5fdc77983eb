"""Metrics of networks that learn several labels at once, and what these metrics hide.

An image has few of many labels, so that saying no to all of them is nearly always
right: `references` measures what knows less, by the same metrics.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxr.statistics.bootstrap import patient_weights, percentile_interval
from cxr.statistics.metrics import average_precision

THRESHOLD, BETA = 0.2, 2.0
NO_LABEL, CLASS_ALONE = "no label at all", "the true class, no tag"


def accuracy_thresh(
    scores: np.ndarray, truth: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """Of each image the share of its labels that are right, as `accuracy_thresh` of fastai 1.

    The mean over the images is fastai's metric, called `accuracy_multi` since fastai 2.

    Parameters
    ----------
    scores : float array, shape (n, t)
        Probabilities; a label is given where its own exceeds the threshold.
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

    0 where an image has no label and is given none.

    Parameters
    ----------
    scores : float array, shape (n, t)
    truth : bool array, shape (n, t)
    threshold, beta : float
        Beta 2 counts a label that is missed more than one that is wrong.

    Returns
    -------
    float array, shape (n,)

    References
    ----------
    fastai 1.0.61, `fastai.metrics.fbeta` (thresh 0.2, beta 2); fastai 2, `FBetaMulti`
    with average "samples", which is scikit-learn's `fbeta_score`.
    """
    given = scores > threshold
    hits = (given & truth).sum(axis=1)
    whole = beta**2 * truth.sum(axis=1) + given.sum(axis=1)
    return np.where(whole > 0, (1 + beta**2) * hits / np.maximum(whole, 1), 0.0)


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
    f1 = _f1(scores > THRESHOLD, truth, weights)
    curves = [average_precision(scores[:, k], truth[:, k], weights) for k in range(len(labels))]
    precision = np.stack(curves, axis=1)
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
            per_label[name] |= _beside_class(truth, n_classes, k, precision[:, k], weights)
    classes = np.where(np.arange(len(labels)) < n_classes, scores, 0)
    return {
        "images": len(truth),
        "patients": len(np.unique(patients)),
        "labels": len(labels),
        "occurring": int(occurs.sum()),
        "threshold": THRESHOLD,
        "beta": BETA,
        **_both(scores, truth, weights),
        "macro_f1": percentile_interval(_mean(f1)),
        "average_precision": percentile_interval(_mean(precision)),
        "per_label": per_label,
        "references": references(truth, scores, n_classes, weights),
        "without_tags": _less(classes, truth, accuracy_thresh(scores, truth), weights),
    }


def references(
    truth: np.ndarray, scores: np.ndarray, n_classes: int, weights: np.ndarray
) -> dict[str, Any]:
    """The metrics of what knows less than a network should, by name, and what it gains."""
    nothing, known = np.zeros(truth.shape), np.zeros(truth.shape)
    known[:, :n_classes] = truth[:, :n_classes]
    own = accuracy_thresh(scores, truth)
    less = {NO_LABEL: nothing, CLASS_ALONE: known}
    return {name: _less(given, truth, own, weights) for name, given in less.items()}


def _less(
    scores: np.ndarray, truth: np.ndarray, own: np.ndarray, weights: np.ndarray
) -> dict[str, Any]:
    """The metrics of scores that know less, and the gain of images' own accuracies over theirs."""
    gain = weights @ (own - accuracy_thresh(scores, truth)) / weights.sum(axis=1)
    return {**_both(scores, truth, weights), "gain": percentile_interval(gain)}


def _beside_class(
    truth: np.ndarray, n_classes: int, tag: int, precision: np.ndarray, weights: np.ndarray
) -> dict[str, Any]:
    """The average precision of a tag's share within the true class, and the gain over it."""
    known = average_precision(_share_of_class(truth, n_classes, tag), truth[:, tag], weights)
    return {
        "class_known": percentile_interval(known),
        "gain": percentile_interval(precision - known),
    }


def _share_of_class(truth: np.ndarray, n_classes: int, label: int) -> np.ndarray:
    """The share of each image's class that has a label, shape (n,)."""
    classes = truth[:, :n_classes].astype(np.float64)
    shares = classes.T @ truth[:, label] / np.maximum(classes.sum(axis=0), 1)
    return classes @ shares


def _both(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """The metrics that are means over images."""
    found = {"accuracy_thresh": accuracy_thresh(scores, truth), "fbeta": fbeta(scores, truth)}
    total = weights.sum(axis=1)
    return {name: percentile_interval(weights @ values / total) for name, values in found.items()}


def _f1(given: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """F1 of each label under each weighting, shape (r, t)."""
    hits = weights @ (given & truth)
    whole = weights @ given + weights @ truth
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, 2 * hits / whole, np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the labels of each weighting, of those that are defined."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(known, values, 0).sum(axis=1) / known.sum(axis=1)
