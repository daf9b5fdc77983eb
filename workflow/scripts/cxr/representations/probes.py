"""What features know of the class and of recorded fields: linear and k-nearest-neighbour probes.

References
----------
G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier probes", 2016.
Z. Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", CVPR
2018 (the k-nearest-neighbour classifier of frozen features).
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cxr.evidence.probes import frequent_levels, held_out_predictions
from cxr.representations.images import Features, MeasuredImages
from cxr.statistics.bootstrap import bootstrap_values, percentile_interval

LINEAR, NEAREST = "linear probe", "k-NN probe"
NEIGHBOURS = 10
REPLICATES = 500
ALL, TEST = "all", "test"


def linear_probe() -> Any:
    """A logistic regression in which all levels count alike."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced")


def nearest_probe(n_images: int) -> Any:
    """The class of most of the nearest images, nearer ones counting more."""
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(min(NEIGHBOURS, n_images), weights="distance")


def probe_fields(
    features: Features, images: MeasuredImages, scopes: tuple[str, ...], seed: int
) -> Iterator[dict[str, Any]]:
    """The balanced accuracy of both probes for the class and every recorded field.

    Each image is predicted by a probe that was fitted to other patients. Levels that fewer than
    five patients have are left out.

    Parameters
    ----------
    features : Features
    images : MeasuredImages
    scopes : tuple of str
        `ALL` images, or `TEST` images alone: those that count, not those that probes are
        fitted to.
    seed : int

    Yields
    ------
    dict
        measure, field, scope, value, low, high, chance, images, patients, levels.
    """
    placed = images.records.index.isin(features.space.image_ids)
    for name in images.fields:
        field = images.fields[name]
        levels = frequent_levels(field, images.patients)
        kept = field.isin(levels).to_numpy()
        if len(levels) < 2:
            continue
        for measure, values, rows in (
            (LINEAR, features.standardised[kept], kept),
            (NEAREST, features.space.points[kept[placed]], kept & placed),
        ):
            labels = field[rows].to_numpy(dtype=np.str_)
            patients = images.patients[rows]
            model = linear_probe() if measure == LINEAR else nearest_probe(len(labels) // 2)
            predicted = held_out_predictions(model, values, labels, patients, seed)
            for scope in scopes:
                counted = images.test[rows] if scope == TEST else np.ones(len(labels), dtype=bool)
                found = score(labels[counted], predicted[counted], patients[counted], seed)
                if found is not None:
                    keys = {"measure": measure, "field": name, "scope": scope}
                    yield keys | {"chance": 1 / len(levels), "levels": len(levels)} | found


def score(
    labels: np.ndarray, predicted: np.ndarray, patients: np.ndarray, seed: int
) -> dict[str, Any] | None:
    """Balanced accuracy with its 95% interval over patients; None where all labels are alike."""
    levels = np.unique(labels)
    if len(levels) < 2:
        return None
    return recall_of_levels(labels, predicted, patients, seed)


def recall_of_levels(
    labels: np.ndarray, predicted: np.ndarray, patients: np.ndarray, seed: int
) -> dict[str, Any]:
    """The mean over levels of the share of their images that is found, with its interval."""
    member = labels[:, None] == np.unique(labels)
    found = member & (predicted == labels)[:, None]

    def mean_recall(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.nanmean(weights @ found / (weights @ member), axis=1))

    values = bootstrap_values(mean_recall, patients, REPLICATES, seed)
    count = len(np.unique(patients))
    return {
        **percentile_interval(values, count),
        "images": len(labels),
        "patients": count,
    }
