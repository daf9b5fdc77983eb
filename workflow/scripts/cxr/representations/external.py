"""How well an encoder's features tell the classes in external sources."""

from collections.abc import Sequence

import pandas as pd

from cxr.core.errors import InputError
from cxr.evaluation.external import external_table
from cxr.evaluation.predictions import predictions_table
from cxr.features.tables import feature_matrix
from cxr.representations.probes import linear_probe
from cxr.statistics.bootstrap import REPLICATES


def external_probe(
    external: pd.DataFrame,
    features: pd.DataFrame,
    cohorts: tuple[pd.DataFrame, pd.DataFrame],
    classes: Sequence[str],
    seed: int,
    replicates: int = REPLICATES,
) -> pd.DataFrame:
    """`external_table` of a linear probe that is fitted on the study's training images.

    Features are standardised by the training images alone.

    Parameters
    ----------
    external, features : DataFrame
        `image_id` and a column a unit, of the external and of the study's images; images without
        features are left out.
    cohorts : pair of DataFrames
        `image_id, class, split, patient_id, split_group, source` of the same images.
    classes : sequence of str
        In alphabetical order.
    seed, replicates : int
        Of the bootstrap over patients.

    Raises
    ------
    InputError
        If no external image has features.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if external.empty:
        raise InputError(
            "evaluation.external: no external image could be encoded; see "
            "external/encoded/ for the reasons, or leave the sources out"
        )
    tables = [table.set_index("image_id") for table in (external, features)]
    there, own = (
        cohort[cohort["image_id"].isin(table.index)].reset_index(drop=True)
        for cohort, table in zip(cohorts, tables, strict=True)
    )
    train, held_out = own[own["split"] == "train"], own[own["split"] != "train"]
    probe = make_pipeline(StandardScaler(), linear_probe())
    probe.fit(feature_matrix(tables[1].loc[train["image_id"]]), train["class"].to_numpy())
    predicted, known = (
        predictions_table(
            rows, probe.predict_proba(feature_matrix(table.loc[rows["image_id"]])), classes
        )
        for rows, table in ((there, tables[0]), (held_out, tables[1]))
    )
    return external_table(predicted, known, cohorts, classes, seed, replicates)
