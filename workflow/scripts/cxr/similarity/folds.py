"""Parts of the patients, each held out of one training.

Features of networks of different trainings can't be compared, so query and neighbours
come from one part.
"""

import logging
from dataclasses import dataclass

import pandas as pd

from cxr.cohort import protocols
from cxr.cohort.splits import SplitShares
from cxr.core.errors import InputError
from cxr.planning.parts import GROUPED, ProtocolSettings

log = logging.getLogger("cxr")


@dataclass(frozen=True)
class FoldSettings:
    """Which part of the patients is held out.

    Attributes
    ----------
    fold, folds : int
        Number of the part, from 1, and how many there are.
    splits : SplitShares
        Of the training's validation and test images.
    """

    fold: int
    folds: int
    splits: SplitShares


def fold_of(cohort: pd.DataFrame, settings: FoldSettings, seed: int) -> pd.DataFrame:
    """The cohort with the splits of one training, whose test images are the held-out part.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, split_group`.
    settings : FoldSettings
    seed : int

    Returns
    -------
    DataFrame
        Empty where a class has too few independent patients for so many parts.
    """
    patients = int(cohort.groupby("class")["split_group"].nunique().min())
    if patients < settings.folds * protocols.MIN_PATIENTS:
        log.warning(
            "config key 'similarity.folds': a class has %d independent patients, too few for "
            "%d parts; no network is trained for them",
            patients,
            settings.folds,
        )
        return cohort.iloc[:0]
    grouped = ProtocolSettings(settings.folds)
    try:
        divided = protocols.divide_protocols(
            cohort, protocols.DivisionSettings(grouped, settings.splits, (), seed)
        )
    except InputError as error:
        log.warning("no network is trained for parts of the patients: %s", error)
        return cohort.iloc[:0]
    return protocols.part_cohort(cohort, divided, f"{GROUPED}-r1f{settings.fold}")
