"""The images of a cohort that a person should look at first, each with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.cohort.selection import class_codes
from cxr.evaluation.confident_learning import label_errors, label_suspicion
from cxr.evaluation.predictions import probability_columns
from cxr.images.unusual import FEWEST, Finding, beyond, modified_z, unusual_images

LABEL_ERROR = "suspected label error"
CONTRADICTION = "near duplicate under another class"
FAR = "far from its class in the features"
# Reasons of exclusion that are contradictions between labels.
EXCLUDED = {
    "near duplicate of an image of another class": CONTRADICTION,
    "same bytes under two classes": "same bytes under another class",
    "several rows with different findings": "several findings",
}
SEPARATOR = "; "
UNKNOWN = 0.5  # suspicion of a label without held-out probabilities
NEIGHBOURS = 5  # nearest images of the class
COLUMNS = [
    "rank",
    "image_id",
    "patient_id",
    "class",
    "suspected_class",
    "reason",
    "score",
    "basis",
]


@dataclass(frozen=True)
class ReviewStudy:
    """What a review rests on.

    Attributes
    ----------
    cohort : DataFrame, n rows
        `image_id, patient_id, class, near_duplicate_group`.
    images : uint8 array, shape (n, size, size)
    features : float array, shape (n, d)
        Both in the order of the cohort.
    predictions : DataFrame
        Of held-out images, as `cxr.evaluation.field_study.main_predictions` gives them; an
        image may be in several repeats.
    excluded : DataFrame
        `source, file, reason` of the images that are not in the cohort.
    classes : sequence of str
    """

    cohort: pd.DataFrame
    images: np.ndarray
    features: np.ndarray
    predictions: pd.DataFrame
    excluded: pd.DataFrame
    classes: Sequence[str]


def review_list(study: ReviewStudy) -> pd.DataFrame:
    """Every image with held-out probabilities or a reason, the most suspicious first.

    Images with a reason come before those without; within both the highest score decides,
    then the image_id. The score of several reasons is the highest of them.

    Parameters
    ----------
    study : ReviewStudy

    Returns
    -------
    DataFrame
        The columns of `COLUMNS`. `reason` and `basis` hold several, separated by "; ", the one
        of the highest score first; null without a reason. `suspected_class` is null where the
        label is not suspected.
    """
    rows = study.cohort[["image_id", "patient_id", "class"]].reset_index(drop=True)
    rows["suspected_class"] = pd.Series(None, index=rows.index, dtype="object")
    rows["score"] = np.nan
    findings = _label_findings(study, rows)
    findings += _contradictions(study.cohort, rows["score"].fillna(UNKNOWN).to_numpy())
    findings += unusual_images(study.images)
    findings += _far_images(study.features, study.cohort["class"].to_numpy(dtype=object))
    rows = _with_findings(rows, findings)
    table = pd.concat([rows.loc[rows["score"].notna()], _excluded(study.excluded)])
    table["score"] = table["score"].astype(float).round(4)
    table["without"] = table["reason"].isna()
    table = table.sort_values(["without", "score", "image_id"], ascending=[True, False, True])
    table["rank"] = np.arange(1, len(table) + 1)
    return table[COLUMNS].reset_index(drop=True)


def _label_findings(study: ReviewStudy, rows: pd.DataFrame) -> list[Finding]:
    """Suspected label errors; fills in the scores of all images that have probabilities."""
    columns = probability_columns(study.classes)
    means = study.predictions.groupby("image_id")[columns].mean()
    known = np.flatnonzero(rows["image_id"].isin(means.index))
    if not len(known):
        return []
    probabilities = means.loc[rows["image_id"].iloc[known]].to_numpy(dtype=np.float64)
    labels = class_codes(rows.iloc[known], study.classes)
    suspected = label_errors(labels, probabilities)
    scores = label_suspicion(labels, probabilities)
    rows.loc[known, "score"] = scores
    found = []
    for place in np.flatnonzero(suspected >= 0):
        label, other, row = labels[place], suspected[place], int(known[place])
        rows.loc[row, "suspected_class"] = study.classes[other]
        basis = (
            f"held-out probability of {study.classes[label]} {probabilities[place, label]:.2f}, "
            f"of {study.classes[other]} {probabilities[place, other]:.2f}"
        )
        found.append(Finding(row, LABEL_ERROR, float(scores[place]), basis))
    return found


def _contradictions(cohort: pd.DataFrame, suspicion: np.ndarray) -> list[Finding]:
    """Near duplicates that stayed in the cohort under two classes.

    The network says which of the labels is the more suspicious.
    """
    found = []
    places = pd.Series(np.arange(len(cohort)))
    for _, rows in places.groupby(cohort["near_duplicate_group"].to_numpy()):
        members = cohort.iloc[rows]
        for row, name in zip(rows, members["class"], strict=True):
            others = members.loc[members["class"] != name]
            if len(others):
                image = others.sort_values("image_id").iloc[0]
                basis = f"a near duplicate is {image['class']}: {image['image_id']}"
                score = float((1 + suspicion[row]) / 2)
                found.append(Finding(int(row), CONTRADICTION, score, basis))
    return found


def _far_images(features: np.ndarray, names: np.ndarray) -> list[Finding]:
    """Images whose nearest others of their class are further away than is usual in the class."""
    from sklearn.neighbors import NearestNeighbors

    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    z = np.zeros(len(features))
    for name in np.unique(names):
        members = np.flatnonzero(names == name)
        if len(members) < FEWEST:
            continue
        search = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(scaled[members])
        distance = search.kneighbors()[0].mean(axis=1)
        # Distances are skewed; near duplicates have almost none.
        floor = max(float(np.median(distance)) / 1000, 1e-12)
        z[members] = modified_z(np.log(np.maximum(distance, floor)))
    return beyond(z, FAR, "log distance to its class above")


def _with_findings(rows: pd.DataFrame, findings: Sequence[Finding]) -> pd.DataFrame:
    """The rows with their reasons, the highest score first, and what these rest on."""
    of_row: dict[int, list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: -finding.score):
        of_row.setdefault(finding.row, []).append(finding)
    reasons: list[str | None] = [None] * len(rows)
    bases: list[str | None] = [None] * len(rows)
    scores = rows["score"].to_numpy(dtype=np.float64, copy=True)
    for row, found in of_row.items():
        reasons[row] = SEPARATOR.join(finding.reason for finding in found)
        bases[row] = SEPARATOR.join(finding.basis for finding in found)
        scores[row] = np.nanmax([scores[row], found[0].score])
    return rows.assign(score=scores, reason=reasons, basis=bases)


def _excluded(excluded: pd.DataFrame) -> pd.DataFrame:
    """The images that contradictory labels kept out of the cohort."""
    kinds = excluded["reason"].map(_contradiction)
    found = excluded.loc[kinds.notna()].drop_duplicates(["source", "file"])
    return pd.DataFrame(
        {
            "image_id": found["source"] + "/" + found["file"],
            "reason": kinds.loc[found.index],
            "score": (1 + UNKNOWN) / 2,
            "basis": "not in the cohort: " + found["reason"],
        }
    )


def _contradiction(reason: str) -> str | None:
    """The reason on the list of one for which an image was excluded; None for the others."""
    return next((ours for start, ours in EXCLUDED.items() if reason.startswith(start)), None)


def reason_counts(table: pd.DataFrame) -> pd.Series:
    """How many images of a list have each reason, the commonest first."""
    reasons = table["reason"].dropna().astype("str").str.split(SEPARATOR, regex=False).explode()
    counts = reasons.value_counts().sort_index()
    return counts.sort_values(ascending=False, kind="stable")
