"""Images with scores of severity."""

import numpy as np
import pandas as pd

from cxr.features.tables import features_table
from cxr.similarity.settings import SeverityThresholds

GROUPS = SeverityThresholds(infected=1.0, serious=5.0)


def scored(rng, patients=14, informative=True):
    """Two images a patient, whose first feature is the extent; every seventh is not scored."""
    n = 2 * patients
    extent = np.round(np.linspace(0, 8, n), 1)
    features = np.abs(rng.normal(size=(n, 6)))
    if informative:
        features[:, 0] = extent + 0.2 * rng.normal(size=n)
    ids = [f"i{number:03d}" for number in range(n)]
    order = rng.permutation(n)
    records = pd.DataFrame(
        {
            "class": "COVID-19",
            "patient_id": [f"p{number // 2:02d}" for number in order],
            "finding": "COVID-19",
            "severity_extent": np.where(np.arange(n) % 7 == 6, np.nan, extent),
            "severity_opacity": np.where(np.arange(n) % 7 == 6, np.nan, 0.7 * extent),
            "offset_days": order % 2 * 5.0,
            "survival": None,
        },
        index=pd.Index(ids, name="image_id"),
    )
    cohort = pd.DataFrame({"image_id": ids, "class": "COVID-19", "split": "train"})
    return features_table(cohort, features), records
