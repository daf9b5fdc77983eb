"""Six plain classifiers that predict one recorded field from others, against chance."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.classifiers import CLASSIFIERS
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED, RANDOM
from cxr.statistics.bootstrap import patient_weights, percentile_interval
from cxr.statistics.permutation import PatientPermutation

BOOTSTRAP = 1000
MAJORITY = "majority class"
NEIGHBOURS = 5  # scikit-learn's own number
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


@dataclass(frozen=True)
class Question:
    """What is predicted from what, of the images where it can be asked.

    Attributes
    ----------
    predictors : DataFrame, n rows
        Text, None where not recorded, and numbers.
    target : array of str, shape (n,)
    patients : array of str, shape (n,)
    groups : int array, shape (n,)
        What is in one fold together: patients, joined by near duplicates.
    image_ids : array of str, shape (n,)
    """

    predictors: pd.DataFrame
    target: np.ndarray
    patients: np.ndarray
    groups: np.ndarray
    image_ids: np.ndarray

    @classmethod
    def of(
        cls, rows: pd.DataFrame, target: str, predictors: Sequence[str], min_patients: int
    ) -> "Question":
        """The question of some rows of metadata.

        Values of the target that fewer than `min_patients` patients have are left out: of a
        single patient nothing can be learned that another one shows.

        Raises
        ------
        InputError
            If fewer than two values are left.
        """
        owners = rows.groupby(target)["patient_id"].nunique()
        kept = rows.loc[rows[target].isin(list(owners.index[owners >= min_patients]))]
        if kept[target].nunique() < 2:
            raise InputError(
                f"config key 'analysis.target': fewer than two values of {target} are recorded of "
                f"{min_patients} patients; name another field, lower analysis.min_patients, or "
                f"leave the analysis out"
            )
        told = kept[list(predictors)].reset_index(drop=True)
        texts = [name for name in told if not pd.api.types.is_numeric_dtype(told[name])]
        told[texts] = told[texts].astype("object").where(told[texts].notna(), None)
        return cls(
            told,
            kept[target].to_numpy(dtype=np.str_),
            kept["patient_id"].to_numpy(dtype=np.str_),
            kept["split_group"].to_numpy(),
            kept["image_id"].to_numpy(dtype=np.str_),
        )


def encoder(predictors: pd.DataFrame) -> Any:
    """Text one-hot, what is missing as a value of its own; numbers standardised.

    Missing numbers become the median, with a column that says so.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(predictors.select_dtypes("number").columns)
    texts = [name for name in predictors if name not in numbers]
    one_hot = make_pipeline(
        SimpleImputer(
            missing_values=None, strategy="constant", fill_value="missing", keep_empty_features=True
        ),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    median = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    scaled = make_pipeline(median, StandardScaler())
    return ColumnTransformer(
        [("text", one_hot, texts), ("number", scaled, numbers)], verbose_feature_names_out=False
    )


def encode(question: Question) -> pd.DataFrame:
    """The predictors as the classifiers see them: image_id and a float column each."""
    fitted = encoder(question.predictors).fit(question.predictors)
    table = pd.DataFrame(
        fitted.transform(question.predictors), columns=fitted.get_feature_names_out()
    )
    table.insert(0, "image_id", question.image_ids)
    return table


def classifiers(seed: int) -> dict[str, Any]:
    """The six, with scikit-learn's own settings, and what always says the commonest value."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    six = (
        LogisticRegression(max_iter=1000),
        KNeighborsClassifier(NEIGHBOURS),
        DecisionTreeClassifier(random_state=seed),
        LinearDiscriminantAnalysis(),
        GaussianNB(),
        SVC(),
    )
    return {
        MAJORITY: DummyClassifier(strategy="most_frequent"),
        **dict(zip(CLASSIFIERS, six, strict=True)),
    }


def predict_target(
    question: Question,
    *,
    folds: int,
    repeats: int,
    permutations: int,
    published: Mapping[str, float],
    seed: int,
) -> pd.DataFrame:
    """Cross-validated accuracy of each classifier, patients kept together and divided.

    Folds do not look at the target, so that a permutation of it goes through the very
    same ones. Permutations exchange whole patients.

    Parameters
    ----------
    question : Question
    folds, repeats : int
        Folds, drawn so many times anew; accuracies are means over them.
    permutations : int
    published : mapping of str to float
        Another study's accuracy, by classifier.
    seed : int

    Returns
    -------
    DataFrame
        Columns as in `COLUMNS`: for each protocol (grouped, random) and classifier the
        accuracy with its 95% interval from a bootstrap over patients, of images and of
        patients that count once each, and for grouped folds the permutation's p. The
        intervals are those of new patients for the classifiers that were fitted. The
        majority class stands first.

    References
    ----------
    M. Ojala, G. Garriga, "Permutation tests for studying classifier performance", JMLR 11, 2010.
    """
    independent = len(np.unique(question.groups))
    if independent < folds:
        raise InputError(
            f"config key 'analysis.folds': the target is recorded of {independent} independent "
            f"patients, fewer than the {folds} folds; take fewer folds or leave the analysis out"
        )
    levels = len(np.unique(question.target))
    weights = patient_weights(question.patients, BOOTSTRAP, seed)
    rows = []
    for protocol in (GROUPED, RANDOM):
        parts = list(_parts(question, protocol, folds, repeats, seed))
        _need_images(parts, levels)
        for name, model in classifiers(seed).items():
            right = _right(model, parts, question.target)
            p = None
            if protocol == GROUPED and name != MAJORITY:
                p = _chance(model, parts, question, right.mean(), permutations, seed)
            rows.append(
                {
                    "protocol": protocol,
                    "classifier": name,
                    **_accuracies(right, question.patients, weights),
                    "p": p,
                    "published": published.get(name),
                    "images": len(question.target),
                    "patients": len(np.unique(question.patients)),
                    "levels": levels,
                }
            )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {"p": "float64", "published": "float64"}
    )


@dataclass(frozen=True)
class _Part:
    """One fold: rows of both sides and their encoded predictors."""

    train: np.ndarray
    test: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray


def _parts(
    question: Question, protocol: str, folds: int, repeats: int, seed: int
) -> Iterator[_Part]:
    """Every fold of every repetition, the encoder fitted on its training side alone."""
    from sklearn.model_selection import GroupKFold, KFold

    for repeat in range(repeats):
        state = (seed + repeat) % 2**32
        kind = GroupKFold if protocol == GROUPED else KFold
        divide = kind(folds, shuffle=True, random_state=state)
        groups = question.groups if protocol == GROUPED else None
        for train, test in divide.split(question.predictors, groups=groups):
            fitted = encoder(question.predictors)
            seen = fitted.fit_transform(question.predictors.iloc[train])
            unseen = fitted.transform(question.predictors.iloc[test])
            yield _Part(train, test, seen, unseen)


def _need_images(parts: Sequence[_Part], levels: int) -> None:
    """Raises where a fold leaves fewer images to learn from than the classifiers take."""
    least, needed = min(len(part.train) for part in parts), max(NEIGHBOURS, levels + 1)
    if least < needed:
        raise InputError(
            f"config key 'analysis.folds': a fold leaves {least} images to learn from, the "
            f"classifiers need {needed}; take other folds or leave the analysis out"
        )


def _accuracies(
    right: np.ndarray, patients: np.ndarray, weights: np.ndarray
) -> dict[str, float | None]:
    """The accuracy of images, and of patients that count once each, with their intervals."""
    _, owners, counts = np.unique(patients, return_inverse=True, return_counts=True)
    once = weights / counts[owners]
    of_images = percentile_interval(weights @ right / weights.sum(axis=1), len(counts))
    of_patients = percentile_interval(once @ right / once.sum(axis=1), len(counts))
    return {
        "accuracy": of_images["value"],
        "low": of_images["low"],
        "high": of_images["high"],
        "by_patient": of_patients["value"],
        "by_patient_low": of_patients["low"],
        "by_patient_high": of_patients["high"],
    }


def _right(model: Any, parts: Sequence[_Part], target: np.ndarray) -> np.ndarray:
    """How often each image's value is predicted, a share of the repetitions.

    Where predictors or values do not differ there is nothing to fit, and the commonest
    value is predicted.
    """
    hits, turns = np.zeros(len(target)), np.zeros(len(target))
    for part in parts:
        known = target[part.train]
        values, counts = np.unique(known, return_counts=True)
        if len(values) < 2 or (part.seen == part.seen[0]).all():
            predicted = np.full(len(part.test), values[counts.argmax()])
        else:
            with warnings.catch_warnings():
                # One-hot columns are collinear by construction.
                warnings.simplefilter("ignore")
                predicted = model.fit(part.seen, known).predict(part.unseen)
        hits[part.test] += predicted == target[part.test]
        turns[part.test] += 1
    return hits / turns


def _chance(
    model: Any,
    parts: Sequence[_Part],
    question: Question,
    accuracy: float,
    permutations: int,
    seed: int,
) -> float:
    """The share of the permutations, the data counted as one, that are predicted as well."""
    exchange, rng = PatientPermutation(question.patients), np.random.default_rng(seed)
    reached = 1
    for _ in range(permutations):
        permuted = question.target[exchange.draw(rng)]
        reached += _right(model, parts, permuted).mean() >= accuracy - 1e-12
    return reached / (1 + permutations)
