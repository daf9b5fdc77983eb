"""The metrics document of a network: its splits, protocols, and what patient leakage adds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.evaluation.calibration import Calibration
from cxr.evaluation.classification import classification_metrics
from cxr.evaluation.multilabel import multilabel_metrics
from cxr.evaluation.predictions import class_probabilities, label_columns
from cxr.planning.parts import GROUPED, RANDOM, STUDY
from cxr.statistics.bootstrap import (
    CONFIDENCE,
    REPLICATES,
    patient_weights,
    percentile_interval,
)
from cxr.statistics.metrics import youden_threshold

METHOD = "percentile bootstrap over patients, exact binomial where every draw agrees"


def evaluate_network(
    predictions: pd.DataFrame,
    parts: pd.DataFrame,
    groups: pd.DataFrame,
    classes: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
    truth: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """The metrics document of a network: its splits, and the protocols of `cxr.cohort.protocols`.

    Parameters
    ----------
    predictions : DataFrame
        Of the network: `image_id, class, split` and a probability a class.
    parts : DataFrame
        The same columns with `part` and `protocol`, of the networks trained for parts.
    groups : DataFrame
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
        `cxr.evaluation.multilabel.multilabel_metrics`; `leakage`: how much better the network
        seems under image-level splits.
    """
    study = predictions.assign(part=STUDY)
    if not len(parts):
        parts = study.iloc[:0].assign(protocol="")

    def measure(rows: pd.DataFrame, whole: pd.DataFrame) -> dict[str, Any]:
        document = _measure(rows, whole, groups, classes, replicates, seed)
        if truth is not None:
            patients = groups["patient_id"]
            document["labels"] = _label_metrics(rows, truth, patients, classes, replicates, seed)
        return document

    return {
        "classes": list(classes),
        "interval": {"level": CONFIDENCE, "method": METHOD, "replicates": replicates},
        "splits": {
            name: measure(study.loc[study["split"] == name], study)
            for name in ("train", "validation", "test")
        },
        "protocols": {
            str(protocol): measure(whole.loc[whole["split"] == "test"], whole)
            for protocol, whole in parts.groupby("protocol")
        },
        "leakage": leakage(study, parts, groups["patient_id"], classes, replicates, seed),
    }


def leakage(
    predictions: pd.DataFrame,
    parts: pd.DataFrame,
    patients: pd.Series,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any] | None:
    """Accuracy under image-level splits less that under patient-grouped ones.

    The patients of both are drawn together, so that images which both test count
    as the pairs that they are. None where no image-level split was measured.
    """
    test = parts.loc[parts["split"] == "test"]
    random = test.loc[test["protocol"] == RANDOM]
    grouped = test.loc[test["protocol"] == GROUPED]
    if random.empty:
        return None
    if grouped.empty:
        grouped = predictions.loc[predictions["split"] == "test"]
    both = pd.concat([random, grouped])
    correct = both["predicted"].to_numpy() == both["class"].to_numpy()
    is_random = np.arange(len(both)) < len(random)
    weights = patient_weights(patients.loc[both["image_id"]].to_numpy(), replicates, seed)
    shares = [
        (weights[:, rows] @ correct[rows]) / weights[:, rows].sum(axis=1)
        for rows in (is_random, ~is_random)
    ]
    return {"accuracy": percentile_interval(shares[0] - shares[1])}


def _label_metrics(
    rows: pd.DataFrame,
    truth: pd.DataFrame,
    patients: pd.Series,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """The multi-label metrics of some rows."""
    labels = list(truth.columns)
    scores = rows[label_columns(labels)].to_numpy(dtype=np.float64)
    has_label = truth.loc[rows["image_id"]].to_numpy(dtype=bool)
    row_patients = patients.loc[rows["image_id"]].to_numpy()
    return multilabel_metrics(
        has_label, scores, row_patients, labels, len(classes), replicates, seed
    )


def _measure(
    rows: pd.DataFrame,
    whole: pd.DataFrame,
    groups: pd.DataFrame,
    classes: Sequence[str],
    replicates: int,
    seed: int,
) -> dict[str, Any]:
    """Metrics of some rows; thresholds and calibration are those of validation images.

    A fold has few validation images, so those of all folds count, less the patients
    that the fold itself tests and their near duplicates: no image sets its own threshold.
    """
    labels, probabilities = class_codes(rows, classes), class_probabilities(rows, classes)
    thresholds, calibrated = np.full_like(probabilities, np.nan), probabilities.copy()
    validation = whole.loc[whole["split"] == "validation"]
    split_groups = groups["split_group"]
    validation_groups = split_groups.loc[validation["image_id"]].to_numpy()
    for part in rows["part"].unique():
        tested = whole.loc[(whole["part"] == part) & (whole["split"] == "test"), "image_id"]
        usable = validation.loc[~np.isin(validation_groups, split_groups.loc[tested].unique())]
        scores, truth = class_probabilities(usable, classes), class_codes(usable, classes)
        of_part = (rows["part"] == part).to_numpy()
        thresholds[of_part] = [
            youden_threshold(scores[:, k], truth == k) for k in range(len(classes))
        ]
        calibrated[of_part] = Calibration.fit(scores, truth)(probabilities[of_part])
    patients = groups["patient_id"].loc[rows["image_id"]].to_numpy()
    document = classification_metrics(
        labels, probabilities, patients, classes, replicates, seed, thresholds
    )
    document["calibrated"] = classification_metrics(
        labels, calibrated, patients, classes, replicates, seed
    )
    return document
