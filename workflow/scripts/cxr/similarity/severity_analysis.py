"""Severity of a study's images: estimates, their errors, and patients followed over time."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from cxr.config.catalogue.controls import IMAGENET
from cxr.similarity.settings import ComparisonSettings
from cxr.similarity.severity import (
    ESTIMATES,
    EXTENT,
    REGRESSION,
    estimate_severity,
    insufficiency,
    severity_errors,
)
from cxr.similarity.space import make_space
from cxr.similarity.trajectory import TRAJECTORY_COLUMNS, follow_patients, outcome_agreement


def analyse_severity(
    tables: Mapping[str, pd.DataFrame], records: pd.DataFrame, settings: ComparisonSettings
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Estimates of severity, the patients that can be followed, and a summary of both.

    Patients are followed by the regression on the backbone's features, which were not
    trained on any of the images; without a backbone on the first of the tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Features of all images by the name of their space.
    records : DataFrame
        Indexed by image_id, as `cxr.similarity.comparison.image_records` makes it.
    settings : ComparisonSettings

    Returns
    -------
    estimates : DataFrame
        `ESTIMATES`.
    drift : DataFrame
        `TRAJECTORY_COLUMNS`.
    summary : dict
        `insufficient`, why there are no estimates, or null; `estimates`, as
        `cxr.similarity.severity.severity_errors` makes them; `drift`: the `space`, how many
        `patients` and `images`, and the `agreement`.
    """
    insufficient = insufficiency(records)
    if insufficient is not None:
        estimates = pd.DataFrame(columns=ESTIMATES.names)
        drift = pd.DataFrame(columns=list(TRAJECTORY_COLUMNS))
        return estimates, drift, {"insufficient": insufficient, "estimates": [], "drift": None}
    metric, seed = settings.metric, settings.seed
    estimates = estimate_severity(tables, records, metric, seed)
    name = IMAGENET if IMAGENET in tables else next(iter(tables))
    space, _ = make_space(tables[name], records["patient_id"], metric, seed)
    followed = estimates[
        (estimates["target"] == EXTENT)
        & (estimates["space"] == name)
        & (estimates["method"] == REGRESSION)
    ]
    drift = follow_patients(followed, records, space, settings.severity, settings.k)
    summary = {
        "insufficient": None,
        "estimates": severity_errors(estimates, seed),
        "drift": {
            "space": name,
            "patients": drift["patient_id"].nunique(),
            "images": len(drift),
            "agreement": outcome_agreement(drift, records, seed),
        },
    }
    return estimates, drift, summary
