"""The severity of an image, estimated from images of other patients that were scored.

Scores are the means of three raters: geographic extent (0 to 8) and opacity (0 to 6).

References
----------
J. P. Cohen et al., "Predicting COVID-19 pneumonia severity on chest X-ray with deep learning",
2020, arXiv:2005.11856.
"""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.space import Metric, features_of, make_space
from cxr.statistics.bootstrap import patient_weights, percentile_interval

log = logging.getLogger("cxr")

TARGETS = {"severity_extent": 8.0, "severity_opacity": 6.0}  # the largest score
METHODS = ("mean", "neighbours", "regression")
DESCRIPTIONS = {
    "mean": "the mean of all others",
    "neighbours": "mean of the nearest neighbours, by distance",
    "regression": "ridge regression on the features",
}
MIN_IMAGES, MIN_PATIENTS = 20, 10
MOST_PARTS = 100  # of more patients than these some are left out at a time
INNER = 5
NEAREST = (3, 5, 8, 12, 20, 36)
PENALTIES = tuple(10.0**e for e in range(-1, 6))
REPLICATES = 1000
ESTIMATES = ("image_id", "patient_id", "target", "space", "method", "score", "estimate")


def insufficiency(records: pd.DataFrame, target: str = "severity_extent") -> str | None:
    """What a score can't be estimated without, or None."""
    scored = records[records[target].notna()]
    images, patients = len(scored), scored["patient_id"].nunique()
    if images >= MIN_IMAGES and patients >= MIN_PATIENTS:
        return None
    return (
        f"{images} images of {patients} patients have a scored {target.removeprefix('severity_')}; "
        f"{MIN_IMAGES} images of {MIN_PATIENTS} patients are needed"
    )


def estimate_severity(
    tables: Mapping[str, pd.DataFrame], records: pd.DataFrame, metric: Metric, seed: int
) -> pd.DataFrame:
    """Severity of every image of a class with scores, from the scored images of other patients.

    The number of neighbours and the penalty of the regression are chosen anew for each
    patient, by a cross-validation over the others.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Features of all images by the name of their space.
    records : DataFrame
        Indexed by image_id: `class, patient_id` and the scores.
    metric : Metric
        Of the neighbours.
    seed : int

    Returns
    -------
    DataFrame
        `ESTIMATES`; `score` is null where none was given. A target that too few images
        or patients have is left out.
    """
    rows = []
    classes = set(records.loc[records["severity_extent"].notna(), "class"])
    for space, table in tables.items():
        places, _ = make_space(table, records["patient_id"], metric, seed)
        own = np.isin(places.image_ids, records.index[records["class"].isin(classes)])
        ids = places.image_ids[own]
        features = features_of(table.set_index("image_id").loc[places.image_ids].reset_index())
        told = records.loc[ids]
        for target, largest in TARGETS.items():
            scores = told[target].to_numpy(np.float64)
            if insufficiency(told, target) is not None:
                continue
            found = _leave_out(
                {
                    "neighbours": places.points[own].astype(np.float64),
                    "regression": _scaled(features, own, ~np.isnan(scores)),
                },
                scores,
                told["patient_id"].to_numpy(dtype=np.str_),
            )
            for method in METHODS:
                keys = {"target": target, "space": space, "method": method, "score": scores}
                rows.append(
                    pd.DataFrame({"image_id": ids, "patient_id": told["patient_id"].to_numpy()})
                    .assign(**keys)
                    .assign(estimate=found[method].clip(0, largest))
                )
    return pd.concat(rows, ignore_index=True)[list(ESTIMATES)]


def _scaled(features: np.ndarray, own: np.ndarray, scored: np.ndarray) -> np.ndarray:
    """Features of unit variance over all images, in as few axes as the scored ones span.

    Ridge regression doesn't depend on the axes, and learns nothing outside that span.
    """
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    scaled = scaled[own]
    axes = np.linalg.svd(scaled[scored], full_matrices=False)[2]
    return scaled @ axes.T


def _leave_out(
    spaces: Mapping[str, np.ndarray], scores: np.ndarray, patients: np.ndarray
) -> dict[str, np.ndarray]:
    """Estimates of each method for all images, of which each patient's own scores are no part."""
    from sklearn.model_selection import GroupKFold

    scored = ~np.isnan(scores)
    owners = np.unique(patients[scored])
    parts = [~np.isin(patients, owners)]
    if len(owners) <= MOST_PARTS:
        parts += [patients == owner for owner in owners]
    else:
        kfold = GroupKFold(MOST_PARTS)
        for _, some in kfold.split(owners, groups=owners):
            parts.append(np.isin(patients, owners[some]))
    estimates = {method: np.full(len(scores), np.nan) for method in METHODS}
    for part in parts:
        known = scored & ~part
        if not part.any():
            continue
        estimates["mean"][part] = scores[known].mean()
        for method, points in spaces.items():
            of_known = points[known], scores[known], patients[known]
            estimates[method][part] = _chosen(method, *of_known, points[part])
    return estimates


def _chosen(
    method: str, points: np.ndarray, scores: np.ndarray, patients: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Estimates by the setting with the least mean absolute error on patients left out of it."""
    from sklearn.model_selection import GroupKFold

    estimates_of = by_neighbours if method == "neighbours" else by_regression
    inner = GroupKFold(min(INNER, len(np.unique(patients))))
    errors: np.ndarray | float = 0.0
    for train, test in inner.split(points, groups=patients):
        found = estimates_of(points[train], scores[train], points[test])
        errors = errors + np.abs(found - scores[test]).sum(axis=1)
    return estimates_of(points, scores, others)[np.argmin(errors)]


def by_neighbours(points: np.ndarray, scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Means of the nearest scores, weighted by the inverse of their distance.

    Parameters
    ----------
    points : float array, shape (n, d)
    scores : float array, shape (n,)
    others : float array, shape (m, d)

    Returns
    -------
    float array, shape (settings, m)
        A row for each of `NEAREST`, or of `n` where there are fewer; of points at the
        same place as another one only these count.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    apart = euclidean_distances(others, points)
    order = np.argsort(apart, axis=1, kind="stable")[:, : NEAREST[-1]]
    near = np.take_along_axis(apart, order, axis=1)
    there = near <= 1e-7 * max(float(near.max(initial=0.0)), 1e-300)
    weights = np.where(there, 1.0, 0.0)
    far = ~there.any(axis=1)
    weights[far] = 1 / near[far]
    sums = (weights * scores[order]).cumsum(axis=1) / weights.cumsum(axis=1)
    return np.stack([sums[:, min(k, len(scores)) - 1] for k in NEAREST])


def by_regression(points: np.ndarray, scores: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Ridge regressions for all penalties at once, by one singular value decomposition.

    Parameters
    ----------
    points : float array, shape (n, d)
    scores : float array, shape (n,)
    others : float array, shape (m, d)

    Returns
    -------
    float array, shape (settings, m)
        A row for each of `PENALTIES`.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, "The elements of statistical learning", 2009,
    equation 3.47.
    """
    middle, mean = points.mean(axis=0), scores.mean()
    left, spread, right = np.linalg.svd(points - middle, full_matrices=False)
    along = left.T @ (scores - mean)
    shrunk = [spread * along / (spread**2 + penalty) for penalty in PENALTIES]
    return mean + np.stack(shrunk) @ (right @ (others - middle).T)


def severity_errors(estimates: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """How near the estimates come to the raters, with 95% intervals (bootstrap over patients).

    Returns
    -------
    list of dict
        For each target, space and method: `images`, `patients`, `spearman` (null for the
        mean, which ranks nothing), `error`, the mean absolute one, and `gain`, what the
        mean's error is larger by.
    """
    rows = []
    scored = estimates[estimates["score"].notna()]
    for (target, space), own in scored.groupby(["target", "space"], sort=False):
        errors = {m: _errors(own[own["method"] == m]) for m in METHODS}
        patients = own.loc[own["method"] == "mean", "patient_id"].to_numpy(dtype=np.str_)
        weights = patient_weights(patients, REPLICATES, seed)
        total = weights.sum(axis=1)
        least = weights @ errors["mean"] / total
        for method in METHODS:
            told = own[own["method"] == method]
            error = weights @ errors[method] / total
            rows.append(
                {
                    "target": target,
                    "space": space,
                    "method": method,
                    "images": len(told),
                    "patients": len(np.unique(patients)),
                    "spearman": None
                    if method == "mean"
                    else percentile_interval(_spearman(told["score"], told["estimate"], weights)),
                    "error": percentile_interval(error),
                    "gain": None if method == "mean" else percentile_interval(least - error),
                }
            )
    return rows


def _errors(told: pd.DataFrame) -> np.ndarray:
    return (told["score"] - told["estimate"]).abs().to_numpy()


def _spearman(scores: pd.Series, estimates: pd.Series, weights: np.ndarray) -> np.ndarray:
    """Spearman's correlation for each row of weights, NaN where one side is constant."""
    from scipy.stats import rankdata

    found = np.full(len(weights), np.nan)
    pair = np.stack([scores.to_numpy(np.float64), estimates.to_numpy(np.float64)])
    for turn, counts in enumerate(weights.astype(np.int64)):
        ranks = rankdata(np.repeat(pair, counts, axis=1), axis=1)
        if (ranks.std(axis=1) > 0).all():
            found[turn] = np.corrcoef(ranks)[0, 1]
    return found
