"""Classifiers of one recorded field from others, against the majority baseline."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.analysis.settings import ValidationSettings
from cxr.analysis.task import PredictionTask, encoder
from cxr.config.catalogue.classifiers import CLASSIFIERS
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED, RANDOM
from cxr.statistics.bootstrap import REPLICATES, patient_weights, percentile_interval
from cxr.statistics.permutation import PatientPermutation

MAJORITY = "majority class"
NEIGHBOURS = 5  # scikit-learn's default
COLUMNS = (
    "protocol",
    "classifier",
    "accuracy",
    "low",
    "high",
    "by_patient",
    "by_patient_low",
    "by_patient_high",
    "p",
    "published",
    "images",
    "patients",
    "levels",
)


def classifiers(seed: int) -> dict[str, Any]:
    """The majority baseline, and every classifier with scikit-learn's default settings."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    models = (
        LogisticRegression(max_iter=1000),
        KNeighborsClassifier(NEIGHBOURS),
        DecisionTreeClassifier(random_state=seed),
        LinearDiscriminantAnalysis(),
        GaussianNB(),
        SVC(),
    )
    return {
        MAJORITY: DummyClassifier(strategy="most_frequent"),
        **dict(zip(CLASSIFIERS, models, strict=True)),
    }


def predict_target(
    task: PredictionTask, settings: ValidationSettings, published: Mapping[str, float]
) -> pd.DataFrame:
    """Cross-validated accuracy of each classifier, by patient-grouped and image-level split.

    Folds do not depend on the target, so that its permutations are validated on the same
    ones. Permutations exchange whole patients. Accuracies are means over the repeats.

    Parameters
    ----------
    task : PredictionTask
    settings : ValidationSettings
    published : mapping of str to float
        Another study's accuracy, by classifier.

    Returns
    -------
    DataFrame
        Columns as in `COLUMNS`: for each protocol (grouped, random) and classifier the
        accuracy with its 95% interval from a bootstrap over patients, by image and with
        patients weighted equally, and for grouped folds the p value of the permutation
        test. Intervals hold the fitted classifiers fixed. The majority class is first.

    References
    ----------
    M. Ojala, G. Garriga, "Permutation tests for studying classifier performance", JMLR 11, 2010.
    """
    folds = settings.folds
    independent = len(np.unique(task.groups))
    if independent < folds:
        raise InputError(
            f"config key 'analysis.folds': the target is recorded of {independent} independent "
            f"patients, fewer than the {folds} folds; take fewer folds or leave the analysis out"
        )
    levels = len(np.unique(task.target))
    weights = patient_weights(task.patients, REPLICATES, settings.seed)
    rows = []
    for protocol in (GROUPED, RANDOM):
        splits = list(_folds(task, protocol, settings))
        _require_images(splits, levels)
        for name, model in classifiers(settings.seed).items():
            hit_rates = _hit_rates(model, splits, task.target)
            p = None
            if protocol == GROUPED and name != MAJORITY:
                p = _permutation_p(model, splits, task, hit_rates.mean(), settings)
            rows.append(
                {
                    "protocol": protocol,
                    "classifier": name,
                    **_accuracies(hit_rates, task.patients, weights),
                    "p": p,
                    "published": published.get(name),
                    "images": len(task.target),
                    "patients": len(np.unique(task.patients)),
                    "levels": levels,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"p": "float64", "published": "float64"}
    )


@dataclass(frozen=True)
class _Fold:
    """The rows of one fold and their encoded predictors."""

    train: np.ndarray
    test: np.ndarray
    train_encoded: np.ndarray
    test_encoded: np.ndarray


def _folds(task: PredictionTask, protocol: str, settings: ValidationSettings) -> Iterator[_Fold]:
    """Every fold of every repeat, the encoder fitted on its training rows."""
    from sklearn.model_selection import GroupKFold, KFold

    for repeat in range(settings.repeats):
        state = (settings.seed + repeat) % 2**32
        kind = GroupKFold if protocol == GROUPED else KFold
        splitter = kind(settings.folds, shuffle=True, random_state=state)
        groups = task.groups if protocol == GROUPED else None
        for train, test in splitter.split(task.predictors, groups=groups):
            fitted = encoder(task.predictors)
            train_encoded = fitted.fit_transform(task.predictors.iloc[train])
            test_encoded = fitted.transform(task.predictors.iloc[test])
            yield _Fold(train, test, train_encoded, test_encoded)


def _require_images(folds: Sequence[_Fold], levels: int) -> None:
    """Raises where a fold leaves fewer training images than the classifiers need."""
    fewest, needed = min(len(fold.train) for fold in folds), max(NEIGHBOURS, levels + 1)
    if fewest < needed:
        raise InputError(
            f"config key 'analysis.folds': a fold leaves {fewest} images to learn from, the "
            f"classifiers need {needed}; take other folds or leave the analysis out"
        )


def _accuracies(
    hit_rates: np.ndarray, patients: np.ndarray, weights: np.ndarray
) -> dict[str, float | None]:
    """The accuracy by image, and with patients weighted equally, with their intervals."""
    _, owners, counts = np.unique(patients, return_inverse=True, return_counts=True)
    equal = weights / counts[owners]
    by_image = percentile_interval(weights @ hit_rates / weights.sum(axis=1), len(counts))
    by_patient = percentile_interval(equal @ hit_rates / equal.sum(axis=1), len(counts))
    return {
        "accuracy": by_image["value"],
        "low": by_image["low"],
        "high": by_image["high"],
        "by_patient": by_patient["value"],
        "by_patient_low": by_patient["low"],
        "by_patient_high": by_patient["high"],
    }


def _hit_rates(model: Any, folds: Sequence[_Fold], target: np.ndarray) -> np.ndarray:
    """The share of the repeats in which each image's value is predicted correctly.

    Where predictors or values do not differ there is nothing to fit, and the commonest
    value is predicted.
    """
    hits, tests = np.zeros(len(target)), np.zeros(len(target))
    for fold in folds:
        train, encoded = target[fold.train], fold.train_encoded
        values, counts = np.unique(train, return_counts=True)
        if len(values) < 2 or (encoded == encoded[0]).all():
            predicted = np.full(len(fold.test), values[counts.argmax()])
        else:
            with warnings.catch_warnings():
                # One-hot columns are collinear by construction.
                warnings.simplefilter("ignore")
                predicted = model.fit(encoded, train).predict(fold.test_encoded)
        hits[fold.test] += predicted == target[fold.test]
        tests[fold.test] += 1
    return hits / tests


def _permutation_p(
    model: Any,
    folds: Sequence[_Fold],
    task: PredictionTask,
    accuracy: float,
    settings: ValidationSettings,
) -> float:
    """The share of permutations predicted as accurately, the observed data counted as one."""
    exchange = PatientPermutation(task.patients)
    rng = np.random.default_rng(settings.seed)
    n_as_good = 1
    for _ in range(settings.permutations):
        permuted = task.target[exchange.draw(rng)]
        n_as_good += _hit_rates(model, folds, permuted).mean() >= accuracy - 1e-12
    return n_as_good / (1 + settings.permutations)
