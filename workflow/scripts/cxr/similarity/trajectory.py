"""Whether a patient drifts toward the serious images, along the days of its radiographs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.groups import SERIOUS, severity_group
from cxr.similarity.space import Space, distances
from cxr.statistics.bootstrap import patient_weights, percentile_interval

TRAJECTORY_COLUMNS = ("patient_id", "image_id", "offset_days", "score", "estimate", "serious_share")
# What is known of a patient, and the answer that is the worse one.
OUTCOMES = {"survival": "no", "icu": "yes", "intubated": "yes"}
RATERS = "raters"
FEW = 10
MOST_FIGURES = 100
REPLICATES = 1000


def follow_patients(
    estimates: pd.DataFrame,
    records: pd.DataFrame,
    space: Space,
    severity: Mapping[str, float],
    k: int,
) -> pd.DataFrame:
    """The patients who have images of two days or more, image by image.

    Parameters
    ----------
    estimates : DataFrame
        `image_id, score, estimate` of the extent by one method.
    records : DataFrame
        Indexed by image_id: `patient_id, offset_days, severity_extent, finding`.
    space : Space
        Where the neighbours of an image are looked for.
    severity : mapping
        The extents of the groups.
    k : int

    Returns
    -------
    DataFrame
        `TRAJECTORY_COLUMNS`, by patient and day; `serious_share` is that of serious images
        among the k nearest scored images of other patients.
    """
    table = estimates[["image_id", "score", "estimate"]].set_index("image_id")
    table = table.join(records[["patient_id", "offset_days"]]).dropna(subset=["offset_days"])
    days = table.groupby("patient_id")["offset_days"].transform("nunique")
    table = table[days > 1]
    scored = records["severity_extent"].notna()
    groups = severity_group(records, severity).where(scored)
    table["serious_share"] = [_serious_share(image, space, groups, k) for image in table.index]
    table = table.reset_index().sort_values(["patient_id", "offset_days", "image_id"])
    return table.reset_index(drop=True)[list(TRAJECTORY_COLUMNS)]


def _serious_share(image: str, space: Space, groups: pd.Series, k: int) -> float:
    row = int(np.flatnonzero(space.image_ids == image)[0])
    known = groups.loc[space.image_ids].notna().to_numpy()
    others = np.flatnonzero(known & (space.owners != space.owners[row]))
    if not len(others):
        return float("nan")
    apart = distances(space.points[[row]], space.points[None, others], space.metric)[0]
    near = others[np.lexsort((space.chance[others], apart))[:k]]
    return float((groups.loc[space.image_ids[near]] == SERIOUS).mean())


def outcomes_of(own: pd.DataFrame, records: pd.DataFrame) -> dict[str, str]:
    """What is recorded of the patient of some images: the worse answer, where there are two."""
    told = records.loc[own["image_id"]]
    answers = {
        name: bad if (told[name] == bad).any() else told[name].dropna().iloc[0]
        for name, bad in OUTCOMES.items()
        if name in told and told[name].notna().any()
    }
    return {name: str(answer) for name, answer in answers.items()}


def patient_files(drift: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each patient with the name of its figure; of many those with most images."""
    sizes = drift.groupby("patient_id").size().sort_index().sort_values(kind="stable")
    for patient in sorted(sizes.index[-MOST_FIGURES:]):
        own = drift[drift["patient_id"] == patient]
        yield re.sub(r"[^A-Za-z0-9._-]+", "-", str(patient))[:60], own


def slopes(drift: pd.DataFrame) -> pd.DataFrame:
    """Each patient's change a day, by least squares over its days.

    Returns
    -------
    DataFrame
        Indexed by patient_id: `images, days` (from the first to the last), `estimate` and
        `serious_share`, a day, and `score`, the raters' (NaN where fewer than two days are
        scored).
    """
    rows = {
        patient: {
            "images": len(own),
            "days": own["offset_days"].max() - own["offset_days"].min(),
            **{name: _slope(own, name) for name in ("estimate", "serious_share", "score")},
        }
        for patient, own in drift.groupby("patient_id")
    }
    columns = ["images", "days", "estimate", "serious_share", "score"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _slope(own: pd.DataFrame, name: str) -> float:
    told = own.dropna(subset=[name])
    if told["offset_days"].nunique() < 2:
        return float("nan")
    return float(np.polyfit(told["offset_days"], told[name], 1)[0])


def outcome_agreement(
    drift: pd.DataFrame, records: pd.DataFrame, seed: int
) -> list[dict[str, Any]]:
    """Whether the estimates go the way that the raters, or the patients, went.

    Returns
    -------
    list of dict
        For the raters, and each outcome that is recorded: `patients` whose two directions
        are known, the number who `agree`, its `share` with an exact binomial interval. Of
        outcomes (null of the raters) also the patients of the `worse` and the `better` one,
        the mean `change` a day of each, and `auc`, how often one of the worse rises faster,
        with a bootstrap interval; `few` where either has fewer than ten patients.
    """
    found = slopes(drift)
    rises = found["estimate"] > 0
    told = found["score"].notna() & (found["score"] != 0)
    none = dict.fromkeys(("worse", "better", "change", "auc"))
    rows = [{"outcome": RATERS, **_agree(rises[told], found.loc[told, "score"] > 0), **none}]
    for outcome, bad in OUTCOMES.items():
        if outcome not in records:
            continue
        answers = records.dropna(subset=[outcome]).groupby("patient_id")[outcome]
        worse = answers.agg(lambda values, bad=bad: bool((values == bad).any()))
        worse = worse.reindex(found.index).dropna().astype(bool)
        if worse.empty:
            continue
        rows.append(
            {
                "outcome": outcome,
                **_agree(rises[worse.index], worse),
                **_compare(found.loc[worse.index, "estimate"], worse, seed),
            }
        )
    return rows


def _agree(rises: pd.Series, worse: pd.Series) -> dict[str, Any]:
    from scipy.stats import binomtest

    n, same = len(worse), int((rises == worse).sum())
    share: dict[str, float | None] = {"value": None, "low": None, "high": None}
    if n:
        bounds = binomtest(same, n).proportion_ci(method="exact")
        ends = (same / n, float(bounds.low), float(bounds.high))
        share = dict(zip(share, (round(end, 6) for end in ends), strict=True))
    few = min(int(worse.sum()), int((~worse).sum())) < FEW
    return {"patients": n, "agree": same, "share": share, "few": few}


def _compare(change: pd.Series, worse: pd.Series, seed: int) -> dict[str, Any]:
    """Changes of the patients with the worse and the better outcome."""
    from cxr.statistics.metrics import roc_auc

    weights = patient_weights(change.index.to_numpy(dtype=np.str_), REPLICATES, seed)
    bad = worse.to_numpy()
    values = change.to_numpy(np.float64)
    both = 0 < bad.sum() < len(bad)
    return {
        "worse": int(bad.sum()),
        "better": int((~bad).sum()),
        "change": {
            "worse": float(values[bad].mean()) if bad.any() else None,
            "better": float(values[~bad].mean()) if (~bad).any() else None,
        },
        "auc": percentile_interval(roc_auc(values, bad, weights)) if both else None,
    }
