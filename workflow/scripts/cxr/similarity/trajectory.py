"""Patients followed over time: estimated severity by day, and whether outcomes agree with it."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.groups import SERIOUS, severity_group
from cxr.similarity.settings import SeverityThresholds
from cxr.similarity.severity import EXTENT
from cxr.similarity.space import Space, distances
from cxr.statistics.bootstrap import (
    REPLICATES,
    binomial_interval,
    patient_weights,
    percentile_interval,
)
from cxr.statistics.metrics import roc_auc

TRAJECTORY_COLUMNS = ("patient_id", "image_id", "offset_days", "score", "estimate", "serious_share")
# Recorded outcomes of a patient, each with its worse value.
OUTCOMES = {"survival": "no", "icu": "yes", "intubated": "yes"}
RATERS = "raters"
MIN_PATIENTS = 10  # with either outcome; with fewer the comparison is marked `few`
MAX_FIGURES = 100


def follow_patients(
    estimates: pd.DataFrame,
    records: pd.DataFrame,
    space: Space,
    thresholds: SeverityThresholds,
    k: int,
) -> pd.DataFrame:
    """The images of patients who have images of two days or more.

    Parameters
    ----------
    estimates : DataFrame
        `image_id, score, estimate` of the extent by one method.
    records : DataFrame
        Indexed by image_id: `patient_id, offset_days, severity_extent, finding`.
    space : Space
        In which neighbours are searched.
    thresholds : SeverityThresholds
    k : int

    Returns
    -------
    DataFrame
        `TRAJECTORY_COLUMNS`, by patient and day; `serious_share` is the share of serious
        images among the k nearest scored images of other patients.
    """
    table = estimates[["image_id", "score", "estimate"]].set_index("image_id")
    table = table.join(records[["patient_id", "offset_days"]]).dropna(subset=["offset_days"])
    days = table.groupby("patient_id")["offset_days"].transform("nunique")
    table = table[days > 1]
    scored = records[EXTENT].notna()
    groups = severity_group(records, thresholds).where(scored)
    table["serious_share"] = [_serious_share(image, space, groups, k) for image in table.index]
    table = table.reset_index().sort_values(["patient_id", "offset_days", "image_id"])
    return table.reset_index(drop=True)[list(TRAJECTORY_COLUMNS)]


def _serious_share(image: str, space: Space, groups: pd.Series, k: int) -> float:
    row = int(np.flatnonzero(space.image_ids == image)[0])
    scored = groups.loc[space.image_ids].notna().to_numpy()
    others = np.flatnonzero(scored & (space.owners != space.owners[row]))
    if not len(others):
        return float("nan")
    apart = distances(space.points[[row]], space.points[None, others], space.metric)[0]
    near = others[np.lexsort((space.tie_order[others], apart))[:k]]
    return float((groups.loc[space.image_ids[near]] == SERIOUS).mean())


def outcomes_of(images: pd.DataFrame, records: pd.DataFrame) -> dict[str, str]:
    """The recorded outcomes of a patient, by its images; the worse where they differ."""
    rows = records.loc[images["image_id"]]
    outcomes = {
        name: worse if (rows[name] == worse).any() else rows[name].dropna().iloc[0]
        for name, worse in OUTCOMES.items()
        if name in rows and rows[name].notna().any()
    }
    return {name: str(outcome) for name, outcome in outcomes.items()}


def patient_files(drift: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each patient's file name and rows; of many patients those with most images."""
    sizes = drift.groupby("patient_id").size().sort_index().sort_values(kind="stable")
    for patient in sorted(sizes.index[-MAX_FIGURES:]):
        rows = drift[drift["patient_id"] == patient]
        yield re.sub(r"[^A-Za-z0-9._-]+", "-", str(patient))[:60], rows


def slopes(drift: pd.DataFrame) -> pd.DataFrame:
    """Each patient's change per day, by least squares.

    Returns
    -------
    DataFrame
        Indexed by patient_id: `images, days` (from the first to the last), and the change
        per day of `estimate`, `serious_share` and the raters' `score` (NaN where fewer than
        two days have one).
    """
    changes = {
        patient: {
            "images": len(rows),
            "days": rows["offset_days"].max() - rows["offset_days"].min(),
            **{name: _slope(rows, name) for name in ("estimate", "serious_share", "score")},
        }
        for patient, rows in drift.groupby("patient_id")
    }
    columns = ["images", "days", "estimate", "serious_share", "score"]
    return pd.DataFrame.from_dict(changes, orient="index", columns=columns)


def _slope(rows: pd.DataFrame, name: str) -> float:
    recorded = rows.dropna(subset=[name])
    if recorded["offset_days"].nunique() < 2:
        return float("nan")
    return float(np.polyfit(recorded["offset_days"], recorded[name], 1)[0])


def outcome_agreement(
    drift: pd.DataFrame, records: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """Agreement of the estimated change with the raters' scores and with recorded outcomes.

    Returns
    -------
    list of dict
        For the raters, and each recorded outcome: `patients` for whom both directions are
        recorded, how many `agree`, and their `share` with an exact binomial interval. For
        outcomes (null for the raters) also the numbers of patients with the `worse` and the
        `better` one, the mean `change` per day of each, and `auc`, the probability that the
        extent rises faster with the worse one, with a bootstrap interval; `few` where either
        has fewer than ten patients.
    """
    changes = slopes(drift)
    rises = changes["estimate"] > 0
    rated = changes["score"].notna() & (changes["score"] != 0)
    none = dict.fromkeys(("worse", "better", "change", "auc"))
    raters = _agreement(rises[rated], changes.loc[rated, "score"] > 0)
    rows = [{"outcome": RATERS, **raters, **none}]
    for outcome, worse_value in OUTCOMES.items():
        if outcome not in records:
            continue
        is_worse = records.dropna(subset=[outcome]).set_index("patient_id")[outcome] == worse_value
        worse = is_worse.groupby(level="patient_id").any()
        worse = worse.reindex(changes.index).dropna().astype(bool)
        if worse.empty:
            continue
        rows.append(
            {
                "outcome": outcome,
                **_agreement(rises[worse.index], worse),
                **_compare_changes(changes.loc[worse.index, "estimate"], worse, seed),
            }
        )
    return rows


def _agreement(rises: pd.Series, worse: pd.Series) -> dict[str, Any]:
    """In how many patients the estimate rises exactly where the other side got worse."""
    agree = int((rises == worse).sum())
    smaller = min(int(worse.sum()), int((~worse).sum()))
    return {
        "patients": len(worse),
        "agree": agree,
        "share": binomial_interval(agree, len(worse)),
        "few": smaller < MIN_PATIENTS,
    }


def _compare_changes(change: pd.Series, outcome: pd.Series, seed: int) -> dict[str, Any]:
    """Changes of the patients with the worse (True) and the better outcome."""
    weights = patient_weights(change.index.to_numpy(dtype=np.str_), REPLICATES, seed)
    worse = outcome.to_numpy()
    values = change.to_numpy(np.float64)
    both = 0 < worse.sum() < len(worse)
    return {
        "worse": int(worse.sum()),
        "better": int((~worse).sum()),
        "change": {
            "worse": float(values[worse].mean()) if worse.any() else None,
            "better": float(values[~worse].mean()) if (~worse).any() else None,
        },
        "auc": percentile_interval(roc_auc(values, worse, weights)) if both else None,
    }
