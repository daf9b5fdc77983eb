"""Training, validation and test images; a split group is never divided."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.cohort.folds import stratified_group_folds
from cxr.core.errors import InputError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitShares:
    """Shares of each class that are held out; the rest trains."""

    validation: float
    test: float


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


def link_patients(metadata: pd.DataFrame) -> pd.Series:
    """The patient of each image, a number by image_id: ids that share a file are one patient.

    Parameters
    ----------
    metadata : DataFrame
        `image_id, patient_id, sha256` of all usable images, including exact duplicates.
    """
    files = metadata["sha256"].to_numpy(dtype=np.str_)
    _, first, file = np.unique(files, return_index=True, return_inverse=True)
    pairs = np.stack([np.arange(len(files)), first[file]], axis=1)
    groups = group_patients(metadata["patient_id"].tolist(), pairs)
    return pd.Series(groups, metadata["image_id"].to_numpy())


def independent_patients(cohort: pd.DataFrame) -> pd.Series:
    """The patient of each image, by image_id; of the patients of a split group, the first.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, patient_id, split_group`.
    """
    first = cohort.groupby("split_group")["patient_id"].transform("min")
    return pd.Series(first.to_numpy(dtype=object), cohort["image_id"].to_numpy())


def near_duplicate_groups(n: int, pairs: np.ndarray) -> pd.Series:
    """Number of the near-duplicate group of each of `n` images, null for most."""
    groups = pd.Series(group_patients([str(i) for i in range(n)], pairs))
    several = groups.duplicated(keep=False)
    numbers = pd.Series(pd.NA, index=groups.index, dtype="Int64")
    numbers[several] = pd.factorize(groups[several])[0]
    return numbers


def stratified_split(
    classes: np.ndarray, groups: np.ndarray, shares: SplitShares, seed: int
) -> np.ndarray:
    """Train, validation and test, stratified by class; a group is never divided.

    First the test images, then from the rest the validation images, each as one
    fold of scikit-learn's StratifiedGroupKFold: the fold whose class shares are
    nearest to the target share.

    Parameters
    ----------
    classes : array of str, shape (n,)
    groups : int array, shape (n,)
    shares : SplitShares
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
    for name, share in (
        ("test", shares.test),
        ("validation", shares.validation / (1 - shares.test)),
    ):
        fold = fold_with_share(classes[rest], groups[rest], share, seed)
        result[rest[fold]] = name
        rest = np.delete(rest, fold)
    return result


def fold_with_share(classes: np.ndarray, groups: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Rows of one fold with about `share` of every class; no group is divided.

    Raises
    ------
    InputError
        If every fold leaves a class empty on one side.
    """
    names, codes, totals = np.unique(classes, return_inverse=True, return_counts=True)
    smallest = min(len(np.unique(groups[codes == code])) for code in range(len(names)))
    if smallest < 2:
        raise InputError(
            "config key 'cohort.splits': a class has a single independent patient left to divide; "
            "add patients or use other folds"
        )
    folds = min(max(2, round(1 / share)), smallest)
    best, best_error = None, np.inf
    for fold in stratified_group_folds(codes, groups, folds, seed):
        counts = np.bincount(codes[fold], minlength=len(names))
        if (counts == 0).any() or (counts == totals).any():
            continue
        error = float(np.abs(counts / totals - share).max())
        if error < best_error:
            best, best_error = fold, error
    if best is None:
        raise InputError(
            "config key 'cohort.splits': no split keeps every class in every part without dividing "
            "a patient or near duplicates; raise the shares or add patients"
        )
    return best


def assign_splits(
    rows: pd.DataFrame,
    pairs: np.ndarray,
    patients: pd.Series,
    shares: SplitShares,
    seed: int,
) -> pd.DataFrame:
    """The cohort table: class, split and patient of every image.

    Parameters
    ----------
    rows : DataFrame, n rows
        The selected rows, with `class`.
    pairs : int array, shape (m, 2)
        Rows that are near duplicates of each other.
    patients : Series
        As `link_patients` returns them.
    shares : SplitShares
    seed : int
        Seed of the shuffling.

    Returns
    -------
    DataFrame
        `image_id, class, split, patient_id, split_group, near_duplicate_group,
        source, file`, in the order of `rows`; a split group is never divided.
    """
    groups = group_patients(patients.loc[rows["image_id"]].tolist(), pairs)
    cohort = rows[["image_id", "class"]].astype("str")
    cohort["split"] = stratified_split(rows["class"].to_numpy(), groups, shares, seed)
    cohort["patient_id"] = rows["patient_id"]
    cohort["split_group"] = groups.astype(np.int64)
    cohort["near_duplicate_group"] = near_duplicate_groups(len(rows), pairs)
    return cohort.join(rows[["source", "file"]])
