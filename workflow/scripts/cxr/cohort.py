"""From cleaned metadata to a balanced cohort with patient-grouped splits.

Each step takes rows and says which it left out and why; the steps together are
the flow diagram of the study.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cxr.errors import InputError
from cxr.metadata import rejections, terms

SPLITS = ("train", "validation", "test")


@dataclass
class Flow:
    """What entered a cohort and what left it, step by step."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    excluded: list[pd.DataFrame] = field(default_factory=list)

    def enter(self, rows: pd.DataFrame, rejected: pd.DataFrame) -> None:
        """The first two steps: every entry of the sources, and those that can be used."""
        entries = {"name": "entries of the sources", "images": len(rows) + len(rejected)}
        self.steps.append({**entries, "patients": None, "removed": []})
        self._step("usable images", rows, _counted(rejected["reason"]))

    def keep(self, name: str, rows: pd.DataFrame, reasons: pd.Series) -> pd.DataFrame:
        """Keeps the rows without a reason, and records the others.

        Parameters
        ----------
        name : str
            What the kept rows are, for the diagram.
        rows : DataFrame
            Rows of metadata.
        reasons : Series of str, aligned with `rows`
            Why a row leaves; null keeps it.
        """
        out = rows.loc[reasons.notna()]
        kept = rows.loc[reasons.isna()]
        self.excluded.append(
            rejections(out["source"], out["file"], "cohort", list(reasons.dropna()))
        )
        self._step(name, kept, _counted(reasons.dropna()))
        return kept

    def exclusions(self) -> pd.DataFrame:
        """Every image that left, and why: source, file, stage, reason."""
        left = pd.concat(self.excluded, ignore_index=True)
        return left.sort_values(["source", "file", "reason"], ignore_index=True)

    def _step(self, name: str, rows: pd.DataFrame, removed: list[dict[str, Any]]) -> None:
        self.steps.append(
            {
                "name": name,
                "images": len(rows),
                "patients": int(rows["patient_id"].nunique()),
                "removed": removed,
            }
        )


def _counted(reasons: pd.Series) -> list[dict[str, Any]]:
    """The reasons with their numbers of images, the commonest first."""
    counts = reasons.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return [{"reason": str(reason), "images": int(n)} for reason, n in counts.items()]


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


def group_patients(patients: Sequence[str], pairs: np.ndarray) -> np.ndarray:
    """The split group of each image: its patient, joined with those of near duplicates.

    Parameters
    ----------
    patients : sequence of str, length n
    pairs : int array, shape (m, 2)
        Rows that show the same radiograph.

    Returns
    -------
    int array, shape (n,)
        Group numbers, in order of first appearance.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    codes = pd.factorize(np.asarray(patients, dtype=object))[0]
    n = int(codes.max(initial=-1)) + 1
    edges = coo_array((np.ones(len(pairs)), (codes[pairs[:, 0]], codes[pairs[:, 1]])), shape=(n, n))
    return pd.factorize(connected_components(edges, directed=False)[1][codes])[0]


def near_duplicate_groups(n: int, pairs: np.ndarray) -> pd.Series:
    """Number of the near-duplicate group of each of `n` images, null for most."""
    groups = pd.Series(group_patients([str(i) for i in range(n)], pairs))
    several = groups.duplicated(keep=False)
    numbers = pd.Series(pd.NA, index=groups.index, dtype="Int64")
    numbers[several] = pd.factorize(groups[several])[0]
    return numbers


def split(
    classes: np.ndarray, groups: np.ndarray, validation: float, test: float, seed: int
) -> np.ndarray:
    """Train, validation and test, stratified by class; a group is never divided.

    First the test images, then from the rest the validation images, each as one
    fold of scikit-learn's StratifiedGroupKFold; of the folds the one is taken
    whose class shares come nearest to the wanted share.

    Parameters
    ----------
    classes : array of str, shape (n,)
    groups : int array, shape (n,)
    validation, test : float
        Wanted share of each class.
    seed : int
        Seed of the shuffling.

    Returns
    -------
    array of str, shape (n,)

    Raises
    ------
    InputError
        If a class has too few independent patients to be in every split.
    """
    result = np.full(len(classes), "train", dtype=object)
    for name in np.unique(classes):
        independent = len(np.unique(groups[classes == name]))
        if independent < len(SPLITS):
            raise InputError(
                f"config key 'cohort.classes.{name}': only {independent} independent patients "
                f"are left, and each of {', '.join(SPLITS)} needs one; add images or leave the "
                f"class out"
            )
    rest = np.arange(len(classes))
    for name, share in (("test", test), ("validation", validation / (1 - test))):
        chosen = _fold(classes[rest], groups[rest], share, seed)
        result[rest[chosen]] = name
        rest = np.delete(rest, chosen)
    return result


def _fold(classes: np.ndarray, groups: np.ndarray, share: float, seed: int) -> np.ndarray:
    from sklearn.model_selection import StratifiedGroupKFold

    names, codes, totals = np.unique(classes, return_inverse=True, return_counts=True)
    smallest = min(len(np.unique(groups[codes == code])) for code in range(len(names)))
    folds = min(max(2, round(1 / share)), smallest)
    kfold = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    best, best_error = None, np.inf
    for rest, chosen in kfold.split(codes, codes, groups):
        counts = np.bincount(codes[chosen], minlength=len(names))
        if (counts == 0).any() or len(np.unique(codes[rest])) < len(names):
            continue
        error = float(np.abs(counts / totals - share).max())
        if error < best_error:
            best, best_error = chosen, error
    if best is None:
        raise InputError(
            "config key 'cohort.splits': no split keeps every class in every part without dividing "
            "a patient or near duplicates; raise the shares or add patients"
        )
    return best


def divide(
    rows: pd.DataFrame, pairs: np.ndarray, validation: float, test: float, seed: int
) -> pd.DataFrame:
    """The cohort table: class, split and patient of every image.

    Parameters
    ----------
    rows : DataFrame, n rows
        The chosen rows, with `class`.
    pairs : int array, shape (m, 2)
        Rows that are near duplicates of each other.
    validation, test : float
        Wanted share of each class.

    Returns
    -------
    DataFrame
        `image_id, class, split, patient_id, split_group, near_duplicate_group,
        source, file`, in the order of `rows`; a split group is never divided.
    """
    groups = group_patients(rows["patient_id"].tolist(), pairs)
    cohort = rows[["image_id", "class"]].astype("str")
    cohort["split"] = split(rows["class"].to_numpy(), groups, validation, test, seed)
    cohort["patient_id"] = rows["patient_id"]
    cohort["split_group"] = groups.astype(np.int64)
    cohort["near_duplicate_group"] = near_duplicate_groups(len(rows), pairs)
    return cohort.join(rows[["source", "file"]])


def summarise(flow: Flow, cohort: pd.DataFrame) -> dict[str, Any]:
    """The flow document: the steps, and what each class has in each split."""
    classes = sorted(cohort["class"].unique())
    members = {name: cohort.loc[cohort["class"] == name] for name in classes}
    return {
        "steps": flow.steps,
        "classes": {
            name: {
                "images": len(rows),
                "patients": int(rows["patient_id"].nunique()),
                **{part: int((rows["split"] == part).sum()) for part in SPLITS},
            }
            for name, rows in members.items()
        },
        "near_duplicate_groups": int(cohort["near_duplicate_group"].nunique()),
    }
