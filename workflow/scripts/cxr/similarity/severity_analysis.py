"""All that is said of severity: estimates, how good they are, and the patients' course."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from cxr.similarity.comparison import BACKBONE
from cxr.similarity.severity import ESTIMATES, estimate_severity, insufficiency, severity_errors
from cxr.similarity.space import Metric, make_space
from cxr.similarity.trajectory import TRAJECTORY_COLUMNS, follow_patients, outcome_agreement

ESTIMATED = pa.schema(
    [(name, pa.float64() if name in ("score", "estimate") else pa.string()) for name in ESTIMATES]
)
EXTENT, METHOD = "severity_extent", "regression"  # what patients are followed by


def analyse_severity(
    tables: Mapping[str, pd.DataFrame],
    records: pd.DataFrame,
    metric: Metric,
    severity: Mapping[str, float],
    k: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    """Estimates of severity, the patients that can be followed, and what both come to.

    Patients are followed by the regression on the backbone's features, which were not
    trained on any of the images; without a backbone on the first of the tables.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Features of all images by the name of their space.
    records : DataFrame
        Indexed by image_id, as `cxr.similarity.comparison.image_records` makes it.
    metric, k
        Of the neighbours.
    severity : mapping
        The extents from which an image is infected, and serious.
    seed : int

    Returns
    -------
    estimates : DataFrame
        `ESTIMATES`.
    drift : DataFrame
        `DRIFT`.
    found : dict
        `insufficient`, why there is nothing of all this, or null; `estimates`, as
        `cxr.similarity.severity.severity_errors` makes them; `drift`: the `space`, how many
        `patients` and `images`, and the `agreement`.
    """
    missing = insufficiency(records)
    if missing is not None:
        none = pd.DataFrame(columns=list(ESTIMATES)), pd.DataFrame(columns=list(TRAJECTORY_COLUMNS))
        return *none, {"insufficient": missing, "estimates": [], "drift": None}
    estimates = estimate_severity(tables, records, metric, seed)
    name = BACKBONE if BACKBONE in tables else next(iter(tables))
    space, _ = make_space(tables[name], records["patient_id"], metric, seed)
    followed = estimates[
        (estimates["target"] == EXTENT)
        & (estimates["space"] == name)
        & (estimates["method"] == METHOD)
    ]
    drift = follow_patients(followed, records, space, severity, k)
    found = {
        "space": name,
        "patients": drift["patient_id"].nunique(),
        "images": len(drift),
        "agreement": outcome_agreement(drift, records, seed),
    }
    return (
        estimates,
        drift,
        {"insufficient": None, "estimates": severity_errors(estimates, seed), "drift": found},
    )
