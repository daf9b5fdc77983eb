"""Classifiers that do without a network, in external sources."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cxr.evaluation.baselines import predict_baselines
from cxr.evaluation.external import external_table
from cxr.planning.parts import STUDY
from cxr.statistics.bootstrap import REPLICATES


def baseline_table(
    cohorts: tuple[pd.DataFrame, pd.DataFrame],
    inputs: Mapping[str, np.ndarray],
    classes: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """`external_table` of every baseline, which is fitted on the study's training images.

    Parameters
    ----------
    cohorts : pair of DataFrames, n and m rows
        `image_id, class, split, patient_id, split_group, source` of the external and of the
        study's images.
    inputs : mapping of str to float arrays, shape (n + m, d)
        As of `cxr.evaluation.baselines.baseline_inputs`, the external images first.
    classes : sequence of str
        In alphabetical order.
    seed, replicates : int

    Returns
    -------
    DataFrame
        The columns of `external_table` after `baseline`.
    """
    everyone = pd.concat(cohorts, ignore_index=True)
    folds = everyone[["image_id", "split"]].assign(part=STUDY, protocol=STUDY)
    predictions = predict_baselines(everyone, folds, inputs, list(classes), seed)
    tables = []
    for name, rows in predictions.groupby("baseline", sort=False):
        external = rows["image_id"].isin(cohorts[0]["image_id"])
        table = external_table(
            rows.loc[external], rows.loc[~external], cohorts, classes, seed, replicates
        )
        table.insert(0, "baseline", name)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
