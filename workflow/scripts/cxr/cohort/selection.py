"""From cleaned metadata to a balanced selection of images.

Each step excludes rows with a reason; the steps together are the flow diagram of
the study.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cxr.cohort.drawing import draw_order, wanted
from cxr.cohort.flow import Flow
from cxr.cohort.matching import (
    impossible_match,
    joint_strata,
    match_classes,
    matched_values,
    unrecorded,
    without_counterpart,
)
from cxr.cohort.mending import mending
from cxr.core.errors import InputError
from cxr.metadata.findings import keys, terms
from cxr.metadata.normalise import modality, view

# In the message for a class without an image.
MOST_NAMED = 10  # findings that there are
MOST_REASONS = 3
PerClass = Literal["min", "all"] | int | Mapping[str, int]


@dataclass(frozen=True)
class ClassRule:
    """Which images make up a class.

    Attributes
    ----------
    findings : tuple of str
        Findings of which an image needs one, in any spelling that
        `cxr.metadata.findings` reads; of one with several terms it needs all.
    without : tuple of str
        Findings that exclude an image.
    first : tuple of str
        Findings whose images are drawn before the others.
    sources : tuple of str or None
        Sources that the images come from; None for all.
    """

    findings: tuple[str, ...]
    without: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SelectionSettings:
    """Which images are in a cohort.

    Attributes
    ----------
    classes : mapping of ClassRule
        By the name of the class.
    views : tuple of str or None
        None for every view, unknown ones too.
    modality : str
        In any spelling that `cxr.metadata.normalise` reads.
    per_class : "min", "all", int or mapping
        Images a class; see `balance`.
    match : tuple of str or None
        Recorded fields whose distributions are equal in all classes; see
        `cxr.cohort.matching`.
    """

    classes: Mapping[str, ClassRule]
    views: tuple[str, ...] | None
    modality: str
    per_class: PerClass
    match: tuple[str, ...] | None = None


class EmptyClass(InputError):
    """A class of a cohort has no image; `flow` has the steps of the selection."""

    def __init__(self, message: str, flow: Flow) -> None:
        super().__init__(message)
        self.flow = flow


def select_images(
    metadata: pd.DataFrame,
    rejected: pd.DataFrame,
    settings: SelectionSettings,
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
    settings : SelectionSettings
    contradicting : collection of str
        The image_ids of `contradictions`, which are excluded.
    seed : int
        Seed of the random draw.

    Returns
    -------
    rows : DataFrame
        The selected rows with their `class`, sorted by image_id.
    flow : Flow
        The excluded rows, and why.

    Raises
    ------
    EmptyClass
        If a class has no image left.
    """
    classes = settings.classes
    rows, flow = classified_images(metadata, rejected, settings)
    if contradicting:
        excluded = rows["image_id"].isin(list(contradicting))
        reasons = excluded.map({True: "near duplicate of an image of another class", False: None})
        rows = flow.keep("without contradicting near duplicates", rows, reasons)
    for name in classes:
        if not (rows["class"] == name).any():
            raise EmptyClass(_empty_class(name, metadata, settings, flow), flow)
    first = {name: rule.first for name, rule in classes.items()}
    if settings.match:
        rows = _matched(rows, settings, seed, first, flow)
    else:
        rows = flow.keep("balanced", rows, balance(rows, settings.per_class, seed, first))
    return rows.reset_index(drop=True), flow


def classified_images(
    metadata: pd.DataFrame, rejected: pd.DataFrame, settings: SelectionSettings
) -> tuple[pd.DataFrame, Flow]:
    """The rows of `select_images` before any is removed for the sake of others' classes."""
    flow = Flow()
    rows = metadata.sort_values("image_id", ignore_index=True)
    flow.enter(rows, rejected)
    others = _other_values(rows, "modality", [modality(settings.modality)])
    rows = flow.keep(f"{settings.modality} images", rows, others)
    if settings.views is not None:
        others = _other_values(rows, "view", [view(word) for word in settings.views])
        rows = flow.keep("selected views", rows, others)
    labels, reasons = assign_classes(rows, settings.classes)
    rows = flow.keep("in one of the classes", rows.assign(**{"class": labels}), reasons)
    return flow.keep("without exact duplicates", rows, _duplicates(rows)), flow


def _matched(
    rows: pd.DataFrame,
    settings: SelectionSettings,
    seed: int,
    first: Mapping[str, Sequence[str]],
    flow: Flow,
) -> pd.DataFrame:
    """The rows that are drawn so that classes have equal distributions of the matched fields."""
    values = matched_values(rows, settings.match or ())
    every = rows
    rows = flow.keep(f"with {', '.join(values)} recorded", rows, unrecorded(values))
    strata = joint_strata(values.loc[rows.index])
    reasons = without_counterpart(strata, rows["class"])
    if set(rows["class"]) != set(settings.classes) or reasons.notna().all():
        raise EmptyClass(impossible_match(every, values), flow)
    rows = flow.keep("with images of every class alike in them", rows, reasons)
    most = settings.per_class if isinstance(settings.per_class, int) else None
    removed = match_classes(rows, strata.loc[rows.index], most, seed, first)
    return flow.keep("matched", rows, removed)


def _other_values(rows: pd.DataFrame, column: str, selected: Sequence[str | None]) -> pd.Series:
    """Reasons for rows whose value is not among the selected ones."""
    values = rows[column].astype("object")
    reasons = values.map(lambda value: f"{column} {value}", na_action="ignore")
    reasons = reasons.where(values.notna(), f"{column} unknown")
    return reasons.where(~values.isin(list(selected)), None)


def assign_classes(
    rows: pd.DataFrame, classes: Mapping[str, ClassRule]
) -> tuple[pd.Series, pd.Series]:
    """The class of each row, and for the others the reason why it has none.

    A finding may hold several terms; one of a class's findings is enough. A row
    that fits two classes has none.
    """
    rules = {
        name: (wanted(rule.findings), wanted(rule.without), rule.sources)
        for name, rule in classes.items()
    }

    def decide(source: str, finding: str) -> tuple[str | None, str | None]:
        present = keys(finding)
        fits = [
            name
            for name, (findings, without, sources) in rules.items()
            if any(terms <= present for terms in findings)
            and not any(terms <= present for terms in without)
            and (sources is None or source in sources)
        ]
        if len(fits) == 1:
            return fits[0], None
        if fits:
            return None, f"fits several classes: {', '.join(fits)}"
        return None, f"finding {finding}" if present else "finding unknown"

    # Many images have the same finding: each one is decided once.
    kinds = rows.groupby(["source", "finding"], dropna=False, sort=False).ngroup()
    distinct = rows.loc[~kinds.duplicated(), ["source", "finding"]]
    decided = [decide(*kind) for kind in distinct.itertuples(index=False, name=None)]
    labels, reasons = np.array(decided, dtype=object).reshape(-1, 2)[kinds].T
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


def contradictions(rows: pd.DataFrame, pairs: np.ndarray) -> set[str]:
    """The image_ids of rows that show the same as a row of another class.

    Nothing tells which of the two classes is wrong, so that both are named.

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


def _empty_class(name: str, metadata: pd.DataFrame, settings: SelectionSettings, flow: Flow) -> str:
    """The message for a class without an image: what its images were lost to, and what helps."""
    rule = settings.classes[name]
    start = f"config key 'cohort.classes.{name}': no image is left"
    fits = assign_classes(metadata, {name: rule})[0].notna()
    members = metadata.loc[fits, ["source", "file"]]
    if members.empty:
        counts = Counter(term for finding in metadata["finding"] for term in terms(finding))
        there = ", ".join(f"{term} ({n})" for term, n in counts.most_common(MOST_NAMED)) or "none"
        return (
            f"{start}: no row has one of its findings ({', '.join(rule.findings)}); the findings "
            f"are {there}"
        )
    excluded = flow.exclusions().merge(members, on=["source", "file"])
    steps = []
    for reason, count in Counter(excluded["reason"]).most_common(MOST_REASONS):
        advice = mending(reason)
        steps.append(f"{count} to '{reason}'" + (f" ({advice})" if advice else ""))
    return f"{start}: of {len(members)} with its findings, {', '.join(steps)} are lost"


def balance(
    rows: pd.DataFrame,
    per_class: PerClass,
    seed: int,
    first: Mapping[str, Sequence[str]],
) -> pd.Series:
    """Reasons for the rows that balancing removes, null for the others; aligned with `rows`.

    Images are drawn in rounds over patients in random order, until the class is complete.

    Parameters
    ----------
    rows : DataFrame
        With `class`, `finding`, `patient_id` and `image_id`.
    per_class : "min", "all", int or mapping
        "min": as many as the smallest class has. A number: at most that many,
        and no more than the smallest class has, so that the classes stay
        balanced. "all": every row. A mapping: at most so many of each class.
    seed : int
        Seed of the random draw.
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
        drawn = draw_order(members, first.get(str(name), ()), seed, str(name))[:size]
        reasons[members.index.difference(drawn)] = "removed by balancing"
    return reasons


def class_codes(cohort: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """The position of each image's class among `classes`, int64 of shape (n,)."""
    return pd.Categorical(cohort["class"], categories=list(classes)).codes.astype(np.int64)
