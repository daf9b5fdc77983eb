"""From cleaned metadata to a balanced choice of images.

Each step takes rows and says which it left out and why; the steps together are
the flow diagram of the study.
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.errors import InputError
from cxr.flow import Flow
from cxr.metadata import terms


def select(
    metadata: pd.DataFrame,
    rejected: pd.DataFrame,
    *,
    classes: Mapping[str, Mapping[str, Any]],
    views: Sequence[str],
    modality: str,
    per_class: str | int,
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
        For each class the `findings` that make it and the `sources` it may come
        from (None for all).
    views, modality
        What is kept.
    per_class : "min", "all" or int
        Images a class; see `balance`.
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
    for name, wanted in classes.items():
        if not (rows["class"] == name).any():
            raise InputError(_empty_class(name, wanted, metadata, views, modality))
    rows = flow.keep("balanced", rows, balance(rows, per_class, seed))
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
        name: ({f.casefold() for f in spec["findings"]}, spec["sources"])
        for name, spec in classes.items()
    }
    labels: list[str | None] = []
    reasons: list[str | None] = []
    for source, finding in zip(rows["source"], rows["finding"], strict=True):
        present = {term.casefold() for term in terms(finding)}
        fits = [
            name
            for name, (findings, sources) in wanted.items()
            if present & findings and (sources is None or source in sources)
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


def _duplicates(rows: pd.DataFrame) -> pd.Series:
    """Reasons for rows whose bytes occur before, or under two classes."""
    reasons = pd.Series(None, index=rows.index, dtype="object")
    reasons[rows["sha256"].duplicated()] = "exact duplicate"
    labels = rows.groupby("sha256")["class"].transform("nunique")
    reasons[labels > 1] = "same bytes under two classes"
    return reasons


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


def balance(rows: pd.DataFrame, per_class: str | int, seed: int) -> pd.Series:
    """Which rows are not drawn: "not drawn" or null, aligned with `rows`.

    Patients are the independent units, so images are drawn in rounds: one of
    every patient in random order, then a second of those who have one, and so
    on, until the class has its number.

    Parameters
    ----------
    rows : DataFrame
        With `class`, `patient_id` and `image_id`.
    per_class : "min", "all" or int
        "min": as many as the smallest class has. A number: at most that many,
        and no more than the smallest class has, so that the classes stay
        balanced. "all": every row.
    seed : int
        Seed of the drawing.
    """
    reasons = pd.Series(None, index=rows.index, dtype="object")
    if per_class == "all":
        return reasons
    size = int(rows["class"].value_counts().min())
    if isinstance(per_class, int):
        size = min(size, per_class)
    for name, members in rows.sort_values("image_id").groupby("class"):
        rng = np.random.default_rng([seed, zlib.crc32(str(name).encode())])
        shuffled = members.iloc[rng.permutation(len(members))]
        turn = shuffled.groupby("patient_id").cumcount()
        drawn = turn.sort_values(kind="stable").index[:size]
        reasons[members.index.difference(drawn)] = "not drawn"
    return reasons
