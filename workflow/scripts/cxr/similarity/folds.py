"""Parts of the patients, each left out of one training, so that its images are searched unseen.

Features of networks of different trainings can't be compared, so query and neighbours
come from one part.
"""

import logging
from collections.abc import Mapping

import pandas as pd

from cxr.cohort import protocols
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED

log = logging.getLogger("cxr")


def fold_of(
    cohort: pd.DataFrame, fold: int, folds: int, splits: Mapping[str, float], seed: int
) -> pd.DataFrame:
    """The cohort with the splits of one training; its test images are the part that is left out.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, split_group`.
    fold, folds : int
        Which part, counted from 1, of how many.
    splits : mapping
        The config's `cohort.splits`.
    seed : int

    Returns
    -------
    DataFrame
        Empty where a class has too few independent patients for so many parts.
    """
    fewest = int(cohort.groupby("class")["split_group"].nunique().min())
    if fewest < folds * protocols.MIN_PATIENTS:
        log.warning(
            "config key 'similarity.folds': a class has %d independent patients, too few for "
            "%d parts; no network is trained for them",
            fewest,
            folds,
        )
        return cohort.iloc[:0]
    evaluation = {"folds": folds, "repeats": 1, "random_split": False, "leave_source_out": False}
    try:
        divided = protocols.divide_protocols(cohort, evaluation, splits, [], seed)
    except InputError as reason:
        log.warning("no network is trained for parts of the patients: %s", reason)
        return cohort.iloc[:0]
    return protocols.part_cohort(cohort, divided, f"{GROUPED}-r1f{fold}")
