"""A network's metrics in external sources, beside those of its own test images."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.cohort.splits import independent_patients
from cxr.evaluation.calibration import Calibration
from cxr.evaluation.classification import binary_rates
from cxr.evaluation.predictions import class_probabilities
from cxr.statistics.bootstrap import (
    REPLICATES,
    bootstrap_values,
    less_bias,
    percentile_interval,
)
from cxr.statistics.metrics import calibration_curve, roc_auc, youden_threshold

# Of a class against the rest; of these a source of one class has the sensitivities alone.
SENSITIVITIES = ("sensitivity", "sensitivity_at_threshold")
PER_CLASS = (*SENSITIVITIES, "specificity", "specificity_at_threshold", "roc_auc")
OVERALL = ("balanced_accuracy", "ece", "ece_calibrated")
ESTIMATES = ("value", "internal", "difference")
COLUMNS = (
    *("source", "class", "metric", "images", "patients", "value", "low", "high"),
    *("internal", "internal_low", "internal_high"),
    *("difference", "difference_low", "difference_high"),
)
Key = tuple[int | None, str]  # the position of a class, None for all; the metric


@dataclass(frozen=True)
class OperatingPoint:
    """What was fitted on a network's validation images.

    Attributes
    ----------
    thresholds : float array, shape (c,)
        From which on an image is positive for a class; NaN where not defined.
    calibration : Calibration
    """

    thresholds: np.ndarray
    calibration: Calibration

    @classmethod
    def fit(cls, validation: pd.DataFrame, classes: Sequence[str]) -> "OperatingPoint":
        """As the network's own metrics have it: Youden's thresholds and a calibration.

        Parameters
        ----------
        validation : DataFrame
            Predictions of the network's validation images.
        classes : sequence of str
        """
        scores, labels = class_probabilities(validation, classes), class_codes(validation, classes)
        thresholds = [youden_threshold(scores[:, k], labels == k) for k in range(len(classes))]
        return cls(np.array(thresholds), Calibration.fit(scores, labels))


@dataclass(frozen=True)
class _Images:
    """Predicted images of some classes, with weights that give the classes their shares."""

    labels: np.ndarray
    probabilities: np.ndarray
    patients: np.ndarray
    weights: np.ndarray


def external_table(
    external: pd.DataFrame,
    predictions: pd.DataFrame,
    cohorts: tuple[pd.DataFrame, pd.DataFrame],
    classes: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """The metrics of a network in each external source, and their differences to its test images.

    Thresholds and calibration are those of the study's validation images. The study's test
    images are those of the classes that the source has, weighted so that each class has its
    share of the source: specificity and calibration depend on these shares.

    Parameters
    ----------
    external : DataFrame
        Predictions of external images, as of `cxr.evaluation.predictions.predictions_table`.
    predictions : DataFrame
        The same of the study's images, by the same network.
    cohorts : pair of DataFrames
        `image_id, patient_id, split_group, source` of the external and of the study's images.
    classes : sequence of str
    seed, replicates : int
        Of the bootstrap over patients.

    Returns
    -------
    DataFrame
        A row a source, class (null for all) and metric, columns as in `COLUMNS`: `images` and
        `patients` that the metric counts, its value there, in the study, and the `difference`
        of the first to the second. A class that a source lacks has no row, and a source of one
        class only that class's sensitivities.

    References
    ----------
    G. Zou, A. Donner, "Construction of confidence limits about effect measures: a general
    approach", Stat. Med. 27, 2008 (the interval of a difference from those of its parts).
    """
    theirs, ours = cohorts
    point = OperatingPoint.fit(predictions.loc[predictions["split"] == "validation"], classes)
    test = predictions.loc[predictions["split"] == "test"]
    test_patients = independent_patients(ours)
    sources = external["image_id"].map(theirs.set_index("image_id")["source"])
    rows = []
    for source in sources.unique():
        images = external.loc[sources == source]
        counts = images["class"].value_counts()
        alike = test.loc[test["class"].isin(counts.index)]
        shares = alike["class"].map(counts / alike["class"].value_counts()).to_numpy(np.float64)
        there = _images(images, independent_patients(theirs), np.ones(len(images)), classes)
        here = _images(alike, test_patients, shares, classes)
        present = [k for k, name in enumerate(classes) if name in counts.index]
        keys = _keys(present, point)
        # Seeds differ, so that draws of the two are independent.
        outside = _estimates(there, keys, point, seed + 1 + zlib.crc32(source.encode()), replicates)
        inside = _estimates(here, keys, point, seed, replicates)
        for key, value, internal in zip(keys, outside, inside, strict=True):
            k, metric = key
            counted = _counted(there, key)
            row: dict[str, Any] = {"source": source, "class": None if k is None else classes[k]}
            row |= {"metric": metric, "images": int(counted.sum())}
            row |= {"patients": _number(there.patients[counted]), **value}
            row |= _columns("internal", internal)
            row |= _columns("difference", difference(value, internal))
            rows.append(row)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = [name for name in COLUMNS if name.startswith(ESTIMATES) or name in ("low", "high")]
    return table.astype(dict.fromkeys(numbers, "float64"))


def difference(
    first: dict[str, float | None], second: dict[str, float | None]
) -> dict[str, float | None]:
    """A metric less that of other patients, with the interval from those of the two.

    Each bound is as far from the difference as the bounds of the two metrics that it follows
    from are from them, added as squares: it is as wide where one of them is 0 or 1.
    """
    value, internal = first["value"], second["value"]
    if value is None or internal is None:
        return {"value": None, "low": None, "high": None}
    found = {"value": round(value - internal, 6), "low": None, "high": None}
    bounds = first["low"], first["high"], second["low"], second["high"]
    if None not in bounds:
        low, high, internal_low, internal_high = (float(bound or 0.0) for bound in bounds)
        below = np.hypot(value - low, internal_high - internal)
        above = np.hypot(high - value, internal - internal_low)
        found |= {"low": round(value - internal - below, 6)}
        found |= {"high": round(value - internal + above, 6)}
    return found


def _images(
    rows: pd.DataFrame, patients: pd.Series, weights: np.ndarray, classes: Sequence[str]
) -> _Images:
    owners = patients.loc[rows["image_id"]].to_numpy(dtype=np.str_)
    return _Images(class_codes(rows, classes), class_probabilities(rows, classes), owners, weights)


def _keys(present: Sequence[int], point: OperatingPoint) -> list[Key]:
    """The classes and metrics of a source with these classes."""
    several = len(present) > 1
    keys: list[Key] = [
        (k, metric)
        for k in present
        for metric in (PER_CLASS if several else SENSITIVITIES)
        if not (metric.endswith("threshold") and np.isnan(point.thresholds[k]))
    ]
    return keys + [(None, metric) for metric in OVERALL if several]


def _counted(images: _Images, key: Key) -> np.ndarray:
    """The images that a metric counts."""
    k, metric = key
    if metric.startswith("sensitivity"):
        return images.labels == k
    if metric.startswith("specificity"):
        return images.labels != k
    return np.ones(len(images.labels), dtype=bool)


def _number(patients: np.ndarray) -> int:
    return len(np.unique(patients))


def _estimates(
    images: _Images, keys: Sequence[Key], point: OperatingPoint, seed: int, replicates: int
) -> list[dict[str, float | None]]:
    """Each metric with its interval."""

    def statistics(drawn: np.ndarray) -> np.ndarray:
        values = _metrics(images, point, drawn * images.weights)
        return np.column_stack([values[key] for key in keys])

    draws = bootstrap_values(statistics, images.patients, replicates, seed)
    return [
        percentile_interval(
            less_bias(draws[:, i]) if key[1].startswith("ece") else draws[:, i],
            _number(images.patients[_counted(images, key)])
            if key[1].startswith(("sensitivity", "specificity"))
            else None,
        )
        for i, key in enumerate(keys)
    ]


def _metrics(images: _Images, point: OperatingPoint, weights: np.ndarray) -> dict[Key, np.ndarray]:
    """Every metric of classes with images, under each row of weights."""
    labels, probabilities = images.labels, images.probabilities
    predicted = probabilities.argmax(axis=1)
    found: dict[Key, np.ndarray] = {}
    present = np.unique(labels).tolist()
    for k in present:
        calls = {"": predicted == k, "_at_threshold": probabilities[:, k] >= point.thresholds[k]}
        for end, called in calls.items():
            rates = binary_rates(labels == k, called, weights)
            found |= {(k, f"{m}{end}"): rates[m] for m in ("sensitivity", "specificity")}
        found[k, "roc_auc"] = roc_auc(probabilities[:, k], labels == k, weights)
    found[None, "balanced_accuracy"] = np.mean([found[k, "sensitivity"] for k in present], axis=0)
    for end, scores in (("", probabilities), ("_calibrated", point.calibration(probabilities))):
        correct = scores.argmax(axis=1) == labels
        found[None, f"ece{end}"] = calibration_curve(scores.max(axis=1), correct, weights)["ece"]
    return found


def _columns(name: str, metric: dict[str, float | None]) -> dict[str, float | None]:
    return {name: metric["value"], f"{name}_low": metric["low"], f"{name}_high": metric["high"]}
