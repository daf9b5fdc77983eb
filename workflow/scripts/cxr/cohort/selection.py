"""From cleaned metadata to a balanced choice of images.

Each step takes rows and says which it left out and why; the steps together are
the flow diagram of the study.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.flow import Flow
from cxr.core.errors import InputError
from cxr.metadata.normalise import terms

PerClass = str | int | Mapping[str, int]


def select_images(
    metadata: pd.DataFrame,
    rejected: pd.DataFrame,
    *,
    classes: Mapping[str, Mapping[str, Any]],
    views: Sequence[str],
    modality: str,
    per_class: PerClass,
    contradicting: Collection[str],
    seed: int,
) -> tuple[pd.DataFrame, Flow]:
    """Filters, removes exact duplicates and balances.

    Parameters
    ----------
    metadata : DataFrame
        Rows of the shared schema.
    rejected : DataFrame
        The entries that did not become rows, for the flow.
    classes : mapping
        For each class the `findings` that make it, those that it must be `without`,
        those that are drawn `first`, and the `sources` it may come from (None for all).
    views, modality
        What is kept.
    per_class : "min", "all", int or mapping
        Images a class; see `balance`.
    contradicting : collection of str
        The image_ids that `contradictions` named.
    seed : int
        Seed of the drawing.

    Returns
    -------
    rows : DataFrame
        The chosen rows with their `class`, sorted by image_id.
    flow : Flow
        What left, and why.

    Raises
    ------
    InputError
        If a class has no image left.
    """
    flow = Flow()
    rows = metadata.sort_values("image_id", ignore_index=True)
    flow.enter(rows, rejected)
    rows = flow.keep(f"{modality} images", rows, _unlike(rows, "modality", [modality]))
    rows = flow.keep("wanted views", rows, _unlike(rows, "view", views))
    labels, reasons = assign_classes(rows, classes)
    rows = flow.keep("in one of the classes", rows.assign(**{"class": labels}), reasons)
    rows = flow.keep("without exact duplicates", rows, _duplicates(rows))
    if contradicting:
        named = rows["image_id"].isin(list(contradicting))
        reasons = named.map({True: "near duplicate of an image of another class", False: None})
        rows = flow.keep("without contradicting near duplicates", rows, reasons)
    for name, wanted in classes.items():
        if not (rows["class"] == name).any():
            raise InputError(_empty_class(name, wanted, metadata, views, modality))
    first = {name: spec["first"] for name, spec in classes.items()}
    rows = flow.keep("balanced", rows, balance(rows, per_class, seed, first))
    return rows.reset_index(drop=True), flow


def _unlike(rows: pd.DataFrame, column: str, wanted: Sequence[str]) -> pd.Series:
    values = rows[column].astype("object")
    reasons = values.map(lambda value: f"{column} {value}", na_action="ignore")
    reasons = reasons.where(values.notna(), f"{column} unknown")
    return reasons.where(~values.isin(list(wanted)), None)


def assign_classes(
    rows: pd.DataFrame, classes: Mapping[str, Mapping[str, Any]]
) -> tuple[pd.Series, pd.Series]:
    """The class of each row, and for the others the reason why it has none.

    A finding may hold several terms; one of a class's findings is enough. A row
    that fits two classes is left out rather than guessed.
    """
    wanted = {
        name: (_folded(spec["findings"]), _folded(spec["without"]), spec["sources"])
        for name, spec in classes.items()
    }
    labels: list[str | None] = []
    reasons: list[str | None] = []
    for source, finding in zip(rows["source"], rows["finding"], strict=True):
        present = _folded(terms(finding))
        fits = [
            name
            for name, (findings, without, sources) in wanted.items()
            if present & findings
            and not present & without
            and (sources is None or source in sources)
        ]
        labels.append(fits[0] if len(fits) == 1 else None)
        if len(fits) == 1:
            reasons.append(None)
        elif fits:
            reasons.append(f"fits several classes: {', '.join(fits)}")
        else:
            reasons.append(f"finding {finding}" if present else "finding unknown")
    return (
        pd.Series(labels, index=rows.index, dtype="object"),
        pd.Series(reasons, index=rows.index, dtype="object"),
    )


def _folded(words: Sequence[str]) -> set[str]:
    return {word.casefold() for word in words}


def _duplicates(rows: pd.DataFrame) -> pd.Series:
    """Reasons for rows whose bytes occur before, or under two classes."""
    reasons = pd.Series(None, index=rows.index, dtype="object")
    reasons[rows["sha256"].duplicated()] = "exact duplicate"
    labels = rows.groupby("sha256")["class"].transform("nunique")
    reasons[labels > 1] = "same bytes under two classes"
    return reasons


def contradictions(rows: pd.DataFrame, pairs: np.ndarray) -> set[str]:
    """The image_ids of rows that show the same as a row of another class.

    Which of the two classes is wrong can't be known, so that both are named.

    Parameters
    ----------
    rows : DataFrame, n rows
        With `image_id` and `class`.
    pairs : int array, shape (m, 2)
        Positions of near duplicates.
    """
    classes = rows["class"].to_numpy(dtype=object)
    differ = pairs[classes[pairs[:, 0]] != classes[pairs[:, 1]]]
    return set(rows["image_id"].iloc[np.unique(differ)])


def _empty_class(
    name: str,
    wanted: Mapping[str, Any],
    metadata: pd.DataFrame,
    views: Sequence[str],
    modality: str,
) -> str:
    found = assign_classes(metadata, {name: wanted})[0].notna()
    return (
        f"config key 'cohort.classes.{name}': no image is left; {int(found.sum())} rows have one "
        f"of its findings ({', '.join(wanted['findings'])}), none of them is a {modality} in view "
        f"{', '.join(views)} that is not a duplicate; change its findings, cohort.views or sources"
    )


def balance(
    rows: pd.DataFrame,
    per_class: PerClass,
    seed: int,
    first: Mapping[str, Sequence[str]],
) -> pd.Series:
    """Which rows are not drawn: "not drawn" or null, aligned with `rows`.

    Patients are the independent units, so images are drawn in rounds: one of
    every patient in random order, then a second of those who have one, and so
    on, until the class has its number.

    Parameters
    ----------
    rows : DataFrame
        With `class`, `finding`, `patient_id` and `image_id`.
    per_class : "min", "all", int or mapping
        "min": as many as the smallest class has. A number: at most that many,
        and no more than the smallest class has, so that the classes stay
        balanced. "all": every row. A mapping: at most so many of each class.
    seed : int
        Seed of the drawing.
    first : mapping
        For each class the findings whose images are drawn before the others.
    """
    reasons = pd.Series(None, index=rows.index, dtype="object")
    if per_class == "all":
        return reasons
    smallest = int(rows["class"].value_counts().min())
    for name, members in rows.sort_values("image_id").groupby("class"):
        size = smallest
        if isinstance(per_class, Mapping):
            size = per_class[str(name)]
        elif isinstance(per_class, int):
            size = min(size, per_class)
        rng = np.random.default_rng([seed, zlib.crc32(str(name).encode())])
        shuffled = members.iloc[rng.permutation(len(members))]
        sooner = _folded(first.get(str(name), ()))
        later = [not _folded(terms(finding)) & sooner for finding in shuffled["finding"]]
        order = pd.DataFrame({"later": later}, index=shuffled.index)
        order["turn"] = shuffled.groupby(["patient_id", order["later"]]).cumcount()
        drawn = order.sort_values(["later", "turn"], kind="stable").index[:size]
        reasons[members.index.difference(drawn)] = "not drawn"
    return reasons


def class_codes(cohort: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """The position of each image's class among `classes`, int64 of shape (n,)."""
    return pd.Categorical(cohort["class"], categories=list(classes)).codes.astype(np.int64)
