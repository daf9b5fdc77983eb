"""The ways in which a cohort is divided to measure networks, besides its own splits.

A part is one division into train, validation and test images; a protocol is
the parts whose test images are measured together.
"""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxr.cohort.splits import fold_with_share
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED, RANDOM, STUDY, WITHOUT, ProtocolSettings, protocol_parts

log = logging.getLogger("cxr")

MIN_PATIENTS = 3  # independent patients of a class: one for each of train, validation and test


def divide_protocols(
    cohort: pd.DataFrame,
    settings: ProtocolSettings,
    splits: Mapping[str, float],
    sources: Sequence[str],
    seed: int,
) -> pd.DataFrame:
    """Every part of a cohort.

    Folds are scikit-learn's StratifiedGroupKFold over split groups (a patient and its
    near duplicates), and over single images in the random protocol. The validation
    images of a part are drawn from what it doesn't test, as the study's.
    A part without a source is left out where a class would be empty.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, split, split_group, source`.
    settings : ProtocolSettings
    splits : mapping
        The config's `cohort.splits`.
    sources : sequence of str
    seed : int

    Returns
    -------
    DataFrame
        image_id, part, protocol, split; the study's own splits are the part `study`.

    Raises
    ------
    InputError
        If a class has fewer independent patients than there are folds.
    """
    classes = cohort["class"].to_numpy()
    groups = cohort["split_group"].to_numpy()
    tables = [_table(cohort, STUDY, STUDY, cohort["split"].to_numpy())]
    images = np.arange(len(cohort))
    for protocol, of in ((GROUPED, groups), (RANDOM, images)):
        wanted = [p for p, kind in protocol_parts(settings, []).items() if kind == protocol]
        if not wanted:
            continue
        tests = _tests(classes, of, settings, splits, seed)
        for part, test in zip(wanted, tests, strict=True):
            split = _split(classes, of, test, splits["validation"] / (1 - splits["test"]), seed)
            tables.append(_table(cohort, part, protocol, split))
    for part, protocol in protocol_parts(settings, sources).items():
        if protocol.startswith(WITHOUT):
            test = (cohort["source"] == protocol.removeprefix(f"{WITHOUT}-")).to_numpy()
            reason = infeasible_reason(cohort, test)
            if reason is not None:
                log.info("%s: left out: %s", part, reason)
                continue
            split = _split(classes, groups, test, splits["validation"], seed)
            tables.append(_table(cohort, part, protocol, split))
    return pd.concat(tables, ignore_index=True)


def infeasible_reason(cohort: pd.DataFrame, test: np.ndarray) -> str | None:
    """Why the images of `test` can't be left out of training, None where they can."""
    if not test.any():
        return "no image of the cohort is from it"
    rest = cohort.loc[~test].groupby("class")["split_group"].nunique()
    for name in sorted(cohort["class"].unique()):
        if rest.get(name, 0) < MIN_PATIENTS:
            return f"fewer than {MIN_PATIENTS} patients of class {name} are from elsewhere"
    return None


def _tests(
    classes: np.ndarray,
    groups: np.ndarray,
    settings: ProtocolSettings,
    splits: Mapping[str, float],
    seed: int,
) -> list[np.ndarray]:
    """The test images of each part of a protocol, as bool arrays."""
    from sklearn.model_selection import StratifiedGroupKFold

    folds = settings.folds
    if not folds:
        test = np.zeros(len(classes), dtype=bool)
        test[fold_with_share(classes, groups, splits["test"], seed)] = True
        return [test]
    for name in np.unique(classes):
        independent = len(np.unique(groups[classes == name]))
        if independent < folds:
            raise InputError(
                f"config key 'evaluation.folds': class {name} has {independent} independent "
                f"patients, fewer than the {folds} folds; take fewer folds or leave the class out"
            )
    tests = []
    for repeat in range(settings.repeats):
        kfold = StratifiedGroupKFold(folds, shuffle=True, random_state=(seed + repeat) % 2**32)
        for _, chosen in kfold.split(classes, classes, groups):
            test = np.zeros(len(classes), dtype=bool)
            test[chosen] = True
            tests.append(test)
    return tests


def _split(
    classes: np.ndarray, groups: np.ndarray, test: np.ndarray, validation: float, seed: int
) -> np.ndarray:
    """Train, validation and test, the validation images drawn from the rest."""
    split = np.where(test, "test", "train").astype(object)
    rest = np.flatnonzero(~test)
    split[rest[fold_with_share(classes[rest], groups[rest], validation, seed)]] = "validation"
    return split


def _table(cohort: pd.DataFrame, part: str, protocol: str, split: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"image_id": cohort["image_id"].to_numpy(), "part": part})
    return table.assign(protocol=protocol, split=split.astype(str))


def part_cohort(cohort: pd.DataFrame, folds: pd.DataFrame, part: str) -> pd.DataFrame:
    """The cohort in its own order with the splits of one part; empty where it has none."""
    split = folds.loc[folds["part"] == part].set_index("image_id")["split"]
    if split.empty:
        return cohort.iloc[:0]
    return cohort.assign(split=split.loc[cohort["image_id"]].to_numpy())
