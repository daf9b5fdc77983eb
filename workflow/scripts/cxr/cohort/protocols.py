"""Divisions of a cohort in which networks are evaluated, besides the study's own splits.

A part is one division into train, validation and test images; a protocol is
the parts whose test images are evaluated together.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.cohort.folds import stratified_group_folds
from cxr.cohort.splits import SplitShares, fold_with_share
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED, RANDOM, STUDY, WITHOUT, ProtocolSettings, protocol_parts

log = logging.getLogger("cxr")

MIN_PATIENTS = 3  # independent patients of a class: one for each of train, validation and test


@dataclass(frozen=True)
class DivisionSettings:
    """How a cohort is divided.

    Attributes
    ----------
    evaluation : ProtocolSettings
    splits : SplitShares
    sources : tuple of str
        Names of the study's sources, each of which can be left out.
    seed : int
        Seed of the shuffling.
    """

    evaluation: ProtocolSettings
    splits: SplitShares
    sources: tuple[str, ...]
    seed: int


def divide_protocols(cohort: pd.DataFrame, settings: DivisionSettings) -> pd.DataFrame:
    """Every part of a cohort.

    Folds are scikit-learn's StratifiedGroupKFold over split groups (a patient and its
    near duplicates), and over single images in the random protocol. The validation
    images of a part are drawn from those that it doesn't test, as the study's.
    A source is not left out where a class would be empty without it.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, split, split_group, source`.
    settings : DivisionSettings

    Returns
    -------
    DataFrame
        `image_id, part, protocol, split`; the study's splits are the part `study`.

    Raises
    ------
    InputError
        If a class has fewer independent patients than there are folds.
    """
    tables = [
        _table(cohort, STUDY, STUDY, cohort["split"].to_numpy()),
        *_fold_tables(cohort, settings),
        *_source_tables(cohort, settings),
    ]
    return pd.concat(tables, ignore_index=True)


def _fold_tables(cohort: pd.DataFrame, settings: DivisionSettings) -> Iterator[pd.DataFrame]:
    """The parts of patient-grouped folds and of an image-level split."""
    classes, shares = cohort["class"].to_numpy(), settings.splits
    units = {GROUPED: cohort["split_group"].to_numpy(), RANDOM: np.arange(len(cohort))}
    parts = protocol_parts(settings.evaluation, [])
    for protocol, groups in units.items():
        names = [part for part, kind in parts.items() if kind == protocol]
        if not names:
            continue
        tests = _tests(classes, groups, settings)
        validation = shares.validation / (1 - shares.test)
        for part, test in zip(names, tests, strict=True):
            split = _split(classes, groups, test, validation, settings.seed)
            yield _table(cohort, part, protocol, split)


def _source_tables(cohort: pd.DataFrame, settings: DivisionSettings) -> Iterator[pd.DataFrame]:
    """The parts that each leave one source out of training."""
    classes, groups = cohort["class"].to_numpy(), cohort["split_group"].to_numpy()
    for part, protocol in protocol_parts(settings.evaluation, settings.sources).items():
        if not protocol.startswith(WITHOUT):
            continue
        test = (cohort["source"] == protocol.removeprefix(f"{WITHOUT}-")).to_numpy()
        reason = infeasible_reason(cohort, test)
        if reason is not None:
            log.info("%s: skipped: %s", part, reason)
            continue
        split = _split(classes, groups, test, settings.splits.validation, settings.seed)
        yield _table(cohort, part, protocol, split)


def infeasible_reason(cohort: pd.DataFrame, test: np.ndarray) -> str | None:
    """Why the images of `test` can't be left out of training, None where they can.

    Parameters
    ----------
    cohort : DataFrame, n rows
        `class, split_group`.
    test : bool array, shape (n,)
    """
    if not test.any():
        return "no image of the cohort is from it"
    rest = cohort.loc[~test].groupby("class")["split_group"].nunique()
    for name in sorted(cohort["class"].unique()):
        if rest.get(name, 0) < MIN_PATIENTS:
            return f"fewer than {MIN_PATIENTS} patients of class {name} are from elsewhere"
    return None


def _tests(classes: np.ndarray, groups: np.ndarray, settings: DivisionSettings) -> list[np.ndarray]:
    """The test images of each part of a protocol, as bool arrays."""
    folds = settings.evaluation.folds
    if not folds:
        test = np.zeros(len(classes), dtype=bool)
        test[fold_with_share(classes, groups, settings.splits.test, settings.seed)] = True
        return [test]
    for name in np.unique(classes):
        independent = len(np.unique(groups[classes == name]))
        if independent < folds:
            raise InputError(
                f"config key 'evaluation.folds': class {name} has {independent} independent "
                f"patients, fewer than the {folds} folds; use fewer folds or leave the class out"
            )
    tests = []
    for repeat in range(settings.evaluation.repeats):
        random_state = (settings.seed + repeat) % 2**32
        for fold in stratified_group_folds(classes, groups, folds, random_state):
            test = np.zeros(len(classes), dtype=bool)
            test[fold] = True
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
    """The cohort, in its order, with the splits of one part; empty where that was skipped."""
    split = folds.loc[folds["part"] == part].set_index("image_id")["split"]
    if split.empty:
        return cohort.iloc[:0]
    return cohort.assign(split=split.loc[cohort["image_id"]].to_numpy())
