"""The recorded field that explains a study's clusters."""

from typing import Any

import pandas as pd

from cxr.evidence.thresholds import Thresholds
from cxr.statistics.association import MISSING_AS_LEVEL, MISSING_DROPPED

# Fields of so nearly the same adjusted mutual information tell the same.
AMI_TOLERANCE = 0.05


def explained_by(associations: pd.DataFrame, thresholds: Thresholds) -> dict[str, Any] | None:
    """The recorded field that explains the clusters best, or None.

    A field explains them when its association, missing counted as a level, is
    significant (q <= alpha) and strong (effect at least the threshold); of
    several the one with the highest adjusted mutual information among the images
    where it is recorded, or among all where that is less than half of them. Of those
    within `AMI_TOLERANCE` of the highest it is the one recorded of most images.
    """
    rows = associations.set_index("field")
    dropped = rows.loc[rows["missing"] == MISSING_DROPPED]
    rows = rows.loc[rows["missing"] == MISSING_AS_LEVEL]
    recorded = dropped["images"] >= rows["images"].reindex(dropped.index) / 2
    ami = rows["ami"].mask(recorded & dropped["ami"].notna(), dropped["ami"])
    rows = rows.assign(ami=ami, recorded=dropped["images"]).loc[
        (rows["q"] <= thresholds.alpha) & (rows["effect"] >= thresholds.effect)
    ]
    if rows.empty:
        return None
    alike = rows.loc[rows["ami"] >= rows["ami"].max() - AMI_TOLERANCE]
    field = str(alike.sort_values(["recorded", "ami"], ascending=False, kind="stable").index[0])
    names = ("effect", "low", "high", "p", "q", "ami")
    return {"field": field, **{name: _number(rows.loc[field, name]) for name in names}}


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
