"""The metrics of a classifier, each with an interval from a patient-level bootstrap."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.evaluation import multilabel
from cxr.evaluation.calibration import Calibration
from cxr.planning.parts import GROUPED, RANDOM, STUDY
from cxr.statistics.bootstrap import CONFIDENCE, patient_weights, percentile_interval
from cxr.statistics.metrics import (
    average_precision,
    calibration_curve,
    class_rates,
    roc_auc,
    youden_threshold,
)

METHOD = "percentile bootstrap over patients, exact binomial where every draw agrees"
REPLICATES = 1000


def evaluate_network(
    predictions: pd.DataFrame,
    parts: pd.DataFrame,
    owners: pd.DataFrame,
    classes: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
    truth: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """The metrics document of a network: its splits, and the protocols of `cxr.cohort.protocols`.

    Parameters
    ----------
    predictions : DataFrame
        The network's own: `image_id, class, split` and a probability a class.
    parts : DataFrame
        The same columns with `part` and `protocol`, of networks trained anew.
    owners : DataFrame
        `patient_id` and `split_group` of each image, by image_id.
    classes : sequence of str
    seed, replicates : int
        Of the bootstrap.
    truth : DataFrame, optional
        Of a network with tags: which labels each image has, by image_id; the predictions
        then have a column `label_<name>` for each.

    Returns
    -------
    dict
        `classes, interval`; `splits`: a document of `classification_metrics` for train, validation
        and test; `protocols`: one for the test images of each; each has `calibrated`,
        the same after `cxr.evaluation.calibration`, and with tags `labels`, a document of
        `cxr.evaluation.multilabel.multilabel_metrics`; `leakage`: how much better the network seems
        when patients are divided.
    """
    own = predictions.assign(part=STUDY)
    patients = owners["patient_id"]
    splits = {}
    for name in ("train", "validation", "test"):
        rows = own.loc[own["split"] == name]
        splits[name] = _measure(rows, own, owners, classes, replicates, seed)
        if truth is not None:
            splits[name]["labels"] = _of_labels(rows, truth, patients, classes, replicates, seed)
    parts = parts if len(parts) else own.iloc[:0].assign(protocol="")
    protocols = {}
    for protocol, rows in parts.groupby("protocol"):
        test = rows.loc[rows["split"] == "test"]
        found = _measure(test, rows, owners, classes, replicates, seed)
        if truth is not None:
            found["labels"] = _of_labels(test, truth, patients, classes, replicates, seed)
        protocols[str(protocol)] = found
    how = {"level": CONFIDENCE, "method": METHOD, "replicates": replicates}
    return {
        "classes": list(classes),
        "interval": how,
        "splits": splits,
        "protocols": protocols,
        "leakage": leakage(own, parts, patients, classes, replicates, seed),
    }


def leakage(
    own: pd.DataFrame,
    parts: pd.DataFrame,
    patients: pd.Series,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any] | None:
    """Accuracy under a random division of images less that under one of patients.

    The patients of both are drawn together, so that images which both test count
    as the pairs that they are. None where no random division was measured.
    """
    test = parts.loc[parts["split"] == "test"]
    divided = test.loc[test["protocol"] == RANDOM]
    grouped = test.loc[test["protocol"] == GROUPED]
    if divided.empty:
        return None
    if grouped.empty:
        grouped = own.loc[own["split"] == "test"]
    both = pd.concat([divided, grouped])
    right = both["predicted"].to_numpy() == both["class"].to_numpy()
    first = np.arange(len(both)) < len(divided)
    weights = patient_weights(patients.loc[both["image_id"]].to_numpy(), replicates, seed)
    shares = [
        (weights[:, rows] @ right[rows]) / weights[:, rows].sum(axis=1) for rows in (first, ~first)
    ]
    return {"accuracy": percentile_interval(shares[0] - shares[1])}


def probabilities_of(table: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """The probabilities of a table of predictions, float64 of shape (n, c)."""
    return table[[f"probability_{name}" for name in classes]].to_numpy(dtype=np.float64)


def _of_labels(
    rows: pd.DataFrame,
    truth: pd.DataFrame,
    patients: pd.Series,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """The multi-label metrics of some rows."""
    labels = list(truth.columns)
    scores = rows[[f"label_{name}" for name in labels]].to_numpy(dtype=np.float64)
    has = truth.loc[rows["image_id"]].to_numpy(dtype=bool)
    owners = patients.loc[rows["image_id"]].to_numpy()
    return multilabel.multilabel_metrics(
        has, scores, owners, labels, len(classes), replicates, seed
    )


def _measure(
    rows: pd.DataFrame,
    whole: pd.DataFrame,
    owners: pd.DataFrame,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """Metrics of some rows; thresholds and calibration are those of validation images.

    A fold has few validation images, so those of all folds count, less the patients
    that the fold itself tests and their near duplicates: nothing chooses its own threshold.
    """
    labels, probabilities = class_codes(rows, classes), probabilities_of(rows, classes)
    thresholds, calibrated = np.full_like(probabilities, np.nan), probabilities.copy()
    held_out = whole.loc[whole["split"] == "validation"]
    groups = owners["split_group"]
    held_out_groups = groups.loc[held_out["image_id"]].to_numpy()
    for part in rows["part"].unique():
        tested = whole.loc[(whole["part"] == part) & (whole["split"] == "test"), "image_id"]
        some = held_out.loc[~np.isin(held_out_groups, groups.loc[tested].unique())]
        scores, truth = probabilities_of(some, classes), class_codes(some, classes)
        own = (rows["part"] == part).to_numpy()
        thresholds[own] = [youden_threshold(scores[:, k], truth == k) for k in range(len(classes))]
        calibrated[own] = Calibration.fit(scores, truth)(probabilities[own])
    patients = owners["patient_id"].loc[rows["image_id"]].to_numpy()
    document = classification_metrics(
        labels, probabilities, patients, classes, replicates, seed, thresholds
    )
    document["calibrated"] = classification_metrics(
        labels, calibrated, patients, classes, replicates, seed
    )
    return document


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
        From which probability on an image is called positive for a class, where the
        most probable class is not what counts.

    Returns
    -------
    dict
        `images, patients, accuracy, balanced_accuracy, macro_f1, roc_auc,
        average_precision` (these two one against the rest, mean over the classes),
        `ece` (expected calibration error), `reliability` (a row a bin of
        confidence), `per_class` and `confusion` (rows true, columns predicted). A
        metric is a dict of `value, low, high`, each null where it is not defined.
    """
    c = len(classes)
    weights = patient_weights(patients, replicates, seed)
    owner = np.unique(patients, return_inverse=True)[1]
    predicted = probabilities.argmax(axis=1)
    confusion = (weights @ np.eye(c * c)[labels * c + predicted]).reshape(-1, c, c)
    shares = class_rates(confusion)
    for name, function in (("roc_auc", roc_auc), ("average_precision", average_precision)):
        curves = [function(probabilities[:, k], labels == k, weights) for k in range(c)]
        shares[name] = np.stack(curves, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = np.trace(confusion, axis1=1, axis2=2) / confusion.sum(axis=(1, 2))
    calibration = calibration_curve(probabilities.max(axis=1), predicted == labels, weights)
    per_class = {
        name: _of_class(k, labels, probabilities, owner, shares, weights, thresholds)
        for k, name in enumerate(classes)
    }
    n_patients = int(owner.max(initial=-1)) + 1
    return {
        "images": len(labels),
        "patients": n_patients,
        "accuracy": percentile_interval(accuracy, n_patients),
        "balanced_accuracy": percentile_interval(shares["recall"].mean(axis=1)),
        "macro_f1": percentile_interval(shares["f1"].mean(axis=1)),
        "roc_auc": percentile_interval(shares["roc_auc"].mean(axis=1)),
        "average_precision": percentile_interval(shares["average_precision"].mean(axis=1)),
        "ece": percentile_interval(calibration["ece"]),
        "reliability": _reliability(calibration),
        "per_class": per_class,
        "confusion": confusion[0].astype(int).tolist(),
    }


def _of_class(
    k: int,
    labels: np.ndarray,
    probabilities: np.ndarray,
    owner: np.ndarray,
    shares: dict[str, np.ndarray],
    weights: np.ndarray,
    thresholds: np.ndarray | None,
) -> dict[str, Any]:
    """The metrics of class `k` against the rest; `owner` is the patient of each image."""
    true, called = labels == k, probabilities.argmax(axis=1) == k
    of = {"precision": called, "recall": true, "sensitivity": true, "specificity": ~true}
    counted = {metric: len(np.unique(owner[rows])) for metric, rows in of.items()}
    found: dict[str, Any] = {"images": int(true.sum())}
    found |= {m: percentile_interval(values[:, k], counted.get(m)) for m, values in shares.items()}
    if thresholds is not None:
        found["at_threshold"] = _at_threshold(
            probabilities[:, k], thresholds[:, k], true, weights, counted
        )
    return found


def _at_threshold(
    scores: np.ndarray,
    thresholds: np.ndarray,
    positive: np.ndarray,
    weights: np.ndarray,
    counted: dict[str, int],
) -> dict[str, Any]:
    """Accuracy, sensitivity and specificity where a class is called from a threshold on."""
    if np.isnan(thresholds).any():
        nothing = {"value": None, "low": None, "high": None}
        names = ("accuracy", "sensitivity", "specificity")
        return {"threshold": None, **dict.fromkeys(names, nothing)}
    called = scores >= thresholds
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = weights @ (called == positive) / weights.sum(axis=1)
        sensitivity = weights @ (called & positive) / (weights @ positive)
        specificity = weights @ (~called & ~positive) / (weights @ ~positive)
    used = np.unique(thresholds)
    return {
        "threshold": round(float(used.mean()), 6) if len(used) else None,
        "accuracy": percentile_interval(accuracy),
        "sensitivity": percentile_interval(sensitivity, counted["sensitivity"]),
        "specificity": percentile_interval(specificity, counted["specificity"]),
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
