"""Metrics over many weightings of the same images at once.

A weighting says how often each image counts; a bootstrap makes many of them.
"""

import numpy as np

BINS = 10


def class_rates(confusion: np.ndarray) -> dict[str, np.ndarray]:
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


def roc_auc(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted area under the ROC curve for each row of weights, ties counted half.

    Parameters
    ----------
    scores : float array, shape (n,)
    positive : bool array, shape (n,)
    weights : float array, shape (r, n)

    Returns
    -------
    float array, shape (r,)
        NaN where one class has no weight.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    above = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    below = np.add.reduceat((weights * ~positive)[:, order], starts, axis=1)
    before = below.cumsum(axis=1) - below
    with np.errstate(invalid="ignore", divide="ignore"):
        concordant = (above * (before + 0.5 * below)).sum(axis=1)
        return concordant / (above.sum(axis=1) * below.sum(axis=1))


def average_precision(scores: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted average precision for each row of weights, as scikit-learn defines it.

    Parameters
    ----------
    scores : float array, shape (n,)
    positive : bool array, shape (n,)
    weights : float array, shape (r, n)

    Returns
    -------
    float array, shape (r,)
        NaN where no positive has weight.
    """
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(-scores[order], prepend=-np.inf))
    true_positives = np.add.reduceat((weights * positive)[:, order], starts, axis=1)
    predicted = np.add.reduceat(weights[:, order], starts, axis=1).cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(predicted > 0, true_positives.cumsum(axis=1) / predicted, 0)
        return (precision * true_positives).sum(axis=1) / true_positives.sum(axis=1)


def calibration_curve(
    confidence: np.ndarray, correct: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Mean confidence and accuracy in equal bins of confidence, and their mean difference.

    Parameters
    ----------
    confidence : float array, shape (n,)
        Probability of the predicted class.
    correct : bool array, shape (n,)
    weights : float array, shape (r, n)

    Returns
    -------
    dict
        `confidence` and `accuracy`, shape (r, BINS), NaN in empty bins; `mass`, the
        weight in them; `ece`, shape (r,), the expected calibration error.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern neural networks", 2017.
    """
    member = np.minimum((confidence * BINS).astype(int), BINS - 1)[:, None] == np.arange(BINS)
    mass = weights @ member
    confidences = weights @ (member * confidence[:, None])
    hits = weights @ (member * correct[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        ece = np.abs(confidences - hits).sum(axis=1) / mass.sum(axis=1)
        return {"confidence": confidences / mass, "accuracy": hits / mass, "mass": mass, "ece": ece}


def youden_threshold(scores: np.ndarray, positive: np.ndarray) -> float:
    """The operating threshold with the largest Youden's J.

    An image is positive when its score is at least the threshold, which is the score
    of an image; of several equally good ones the highest. NaN where one class is empty.

    References
    ----------
    W. Youden, "Index for rating diagnostic tests", Cancer 3, 1950.
    """
    if positive.all() or not positive.any():
        return float("nan")
    from sklearn.metrics import roc_curve

    false, true, thresholds = roc_curve(positive, scores, drop_intermediate=False)
    return float(thresholds[1:][np.argmax((true - false)[1:])])
