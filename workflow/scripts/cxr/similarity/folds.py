"""Parts of the patients, each held out of one training.

Features of networks of different trainings can't be compared, so query and neighbours
come from one part.
"""

import logging
from collections.abc import Mapping

import pandas as pd

from cxr.cohort import protocols
from cxr.cohort.splits import SplitShares
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED, ProtocolSettings

log = logging.getLogger("cxr")


def fold_of(
    cohort: pd.DataFrame, fold: int, folds: int, splits: Mapping[str, float], seed: int
) -> pd.DataFrame:
    """The cohort with the splits of one training, whose test images are the held-out part.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, split_group`.
    fold, folds : int
        Number of the part, from 1, and how many there are.
    splits : mapping
        The config's `cohort.splits`.
    seed : int

    Returns
    -------
    DataFrame
        Empty where a class has too few independent patients for so many parts.
    """
    patients = int(cohort.groupby("class")["split_group"].nunique().min())
    if patients < folds * protocols.MIN_PATIENTS:
        log.warning(
            "config key 'similarity.folds': a class has %d independent patients, too few for "
            "%d parts; no network is trained for them",
            patients,
            folds,
        )
        return cohort.iloc[:0]
    shares = SplitShares(splits["validation"], splits["test"])
    settings = protocols.DivisionSettings(ProtocolSettings(folds), shares, (), seed)
    try:
        divided = protocols.divide_protocols(cohort, settings)
    except InputError as error:
        log.warning("no network is trained for parts of the patients: %s", error)
        return cohort.iloc[:0]
    return protocols.part_cohort(cohort, divided, f"{GROUPED}-r1f{fold}")
