"""The severity of an image, estimated from scored images of other patients.

Scores are the means of three raters: geographic extent (0 to 8) and opacity (0 to 6).

References
----------
J. P. Cohen et al., "Predicting COVID-19 pneumonia severity on chest X-ray with deep learning",
2020, arXiv:2005.11856.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.features.tables import feature_matrix
from cxr.similarity.space import Metric, make_space
from cxr.statistics.bootstrap import REPLICATES, patient_weights, percentile_interval

EXTENT = "severity_extent"
MAX_SCORES = {EXTENT: 8.0, "severity_opacity": 6.0}
# The mean of the others, of the nearest ones weighted by distance, and a ridge regression.
MEAN, NEIGHBOURS, REGRESSION = METHODS = ("mean", "neighbours", "regression")
MIN_IMAGES, MIN_PATIENTS = 20, 10
MAX_FOLDS = 100  # with more patients several are held out at a time
INNER_FOLDS = 5
NEIGHBOUR_COUNTS = (3, 5, 8, 12, 20, 36)
PENALTIES = tuple(10.0**e for e in range(-1, 6))
ESTIMATES = pa.schema(
    {
        "image_id": pa.string(),
        "patient_id": pa.string(),
        "target": pa.string(),
        "space": pa.string(),
        "method": pa.string(),
        "score": pa.float64(),
        "estimate": pa.float64(),
    }
)


def insufficiency(records: pd.DataFrame, target: str = EXTENT) -> str | None:
    """Why there are too few scores for an estimate, or None."""
    scored = records[records[target].notna()]
    images, patients = len(scored), scored["patient_id"].nunique()
    if images >= MIN_IMAGES and patients >= MIN_PATIENTS:
        return None
    return (
        f"{images} images of {patients} patients have a scored {target.removeprefix('severity_')}; "
        f"{MIN_IMAGES} images of {MIN_PATIENTS} patients are needed"
    )


def estimate_severity(
    tables: Mapping[str, pd.DataFrame],
    records: pd.DataFrame,
    metric: Metric,
    seed: int,
    methods: tuple[str, ...] = METHODS,
) -> pd.DataFrame:
    """Severity of every image of a class with scores, from scored images of other patients.

    The number of neighbours and the penalty of the regression are selected for each patient
    by a cross-validation over the others.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Features of all images by the name of their space.
    records : DataFrame
        Indexed by image_id: `class, patient_id` and the scores.
    metric : Metric
        Of the neighbours.
    seed : int
    methods : tuple of str
        Of `METHODS`; the mean among them.

    Returns
    -------
    DataFrame
        `ESTIMATES`; `score` is null where there is none. A target with too few scored images
        or patients is left out.
    """
    rows = []
    classes = set(records.loc[records[EXTENT].notna(), "class"])
    for space, table in tables.items():
        placed, _ = make_space(table, records["patient_id"], metric, seed)
        selected = np.isin(placed.image_ids, records.index[records["class"].isin(classes)])
        ids = placed.image_ids[selected]
        features = feature_matrix(table.set_index("image_id").loc[placed.image_ids].reset_index())
        of_class = records.loc[ids]
        for target, max_score in MAX_SCORES.items():
            scores = of_class[target].to_numpy(np.float64)
            if insufficiency(of_class, target) is not None:
                continue
            spaces = {}
            if NEIGHBOURS in methods:
                spaces[NEIGHBOURS] = placed.points[selected].astype(np.float64)
            if REGRESSION in methods:
                spaces[REGRESSION] = _standardised(features, selected, ~np.isnan(scores))
            owners = of_class["patient_id"].to_numpy(dtype=np.str_)
            estimates = _cross_validated(spaces, scores, owners)
            for method in methods:
                keys = {"target": target, "space": space, "method": method, "score": scores}
                rows.append(
                    pd.DataFrame({"image_id": ids, "patient_id": of_class["patient_id"].to_numpy()})
                    .assign(**keys)
                    .assign(estimate=estimates[method].clip(0, max_score))
                )
    return pd.concat(rows, ignore_index=True)[ESTIMATES.names]


def _standardised(features: np.ndarray, selected: np.ndarray, scored: np.ndarray) -> np.ndarray:
    """Features of unit variance over all images, in as few axes as the scored ones span.

    Ridge regression doesn't depend on the axes, and learns nothing outside that span.
    """
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    scaled = scaled[selected]
    axes = np.linalg.svd(scaled[scored], full_matrices=False)[2]
    return scaled @ axes.T


def _cross_validated(
    spaces: Mapping[str, np.ndarray], scores: np.ndarray, patients: np.ndarray
) -> dict[str, np.ndarray]:
    """Estimates of each method for all images, without the scores of an image's own patient."""
    from sklearn.model_selection import GroupKFold

    scored = ~np.isnan(scores)
    owners = np.unique(patients[scored])
    held_out = [~np.isin(patients, owners)]
    if len(owners) <= MAX_FOLDS:
        held_out += [patients == owner for owner in owners]
    else:
        for _, fold in GroupKFold(MAX_FOLDS).split(owners, groups=owners):
            held_out.append(np.isin(patients, owners[fold]))
    estimates = {method: np.full(len(scores), np.nan) for method in (MEAN, *spaces)}
    for test in held_out:
        train = scored & ~test
        if not test.any():
            continue
        estimates[MEAN][test] = scores[train].mean()
        for method, points in spaces.items():
            of_train = points[train], scores[train], patients[train]
            estimates[method][test] = _tuned(method, *of_train, points[test])
    return estimates


def _tuned(
    method: str, points: np.ndarray, scores: np.ndarray, patients: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Estimates by the setting with the least mean absolute error in a cross-validation."""
    from sklearn.model_selection import GroupKFold

    estimates_of = by_neighbours if method == NEIGHBOURS else by_regression
    inner = GroupKFold(min(INNER_FOLDS, len(np.unique(patients))))
    errors: np.ndarray | float = 0.0
    for train, test in inner.split(points, groups=patients):
        estimates = estimates_of(points[train], scores[train], points[test])
        errors = errors + np.abs(estimates - scores[test]).sum(axis=1)
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
        A row for each of `NEIGHBOUR_COUNTS`, at most `n` neighbours; where some have distance
        0 only these count.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    apart = euclidean_distances(others, points)
    order = np.argsort(apart, axis=1, kind="stable")[:, : NEIGHBOUR_COUNTS[-1]]
    near = np.take_along_axis(apart, order, axis=1)
    same = near <= 1e-7 * max(float(near.max(initial=0.0)), 1e-300)
    weights = np.where(same, 1.0, 0.0)
    far = ~same.any(axis=1)
    weights[far] = 1 / near[far]
    sums = (weights * scores[order]).cumsum(axis=1) / weights.cumsum(axis=1)
    return np.stack([sums[:, min(k, len(scores)) - 1] for k in NEIGHBOUR_COUNTS])


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
    centre, mean = points.mean(axis=0), scores.mean()
    left, singular, right = np.linalg.svd(points - centre, full_matrices=False)
    projected = left.T @ (scores - mean)
    shrunk = [singular * projected / (singular**2 + penalty) for penalty in PENALTIES]
    return mean + np.stack(shrunk) @ (right @ (others - centre).T)


def severity_errors(estimates: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Agreement of the estimates with the raters, with 95% intervals (bootstrap over patients).

    Returns
    -------
    list of dict
        For each target, space and method: `images`, `patients`, `spearman` (null for the
        mean, which ranks nothing), `error`, the mean absolute error, and `gain`, the error
        reduction over the mean.
    """
    rows = []
    scored = estimates[estimates["score"].notna()]
    for (target, space), group in scored.groupby(["target", "space"], sort=False):
        by_method = dict(iter(group.groupby("method", sort=False)))
        errors = {method: _errors(table) for method, table in by_method.items()}
        patients = by_method[MEAN]["patient_id"].to_numpy(dtype=np.str_)
        weights = patient_weights(patients, REPLICATES, seed)
        total = weights.sum(axis=1)
        error_of_mean = weights @ errors[MEAN] / total
        for method, table in by_method.items():
            error = weights @ errors[method] / total
            rows.append(
                {
                    "target": target,
                    "space": space,
                    "method": method,
                    "images": len(table),
                    "patients": len(np.unique(patients)),
                    "spearman": None
                    if method == MEAN
                    else percentile_interval(_spearman(table, weights)),
                    "error": percentile_interval(error),
                    "gain": None if method == MEAN else percentile_interval(error_of_mean - error),
                }
            )
    return rows


def _errors(estimates: pd.DataFrame) -> np.ndarray:
    return (estimates["score"] - estimates["estimate"]).abs().to_numpy()


def _spearman(estimates: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """Spearman's correlation for each row of weights, NaN where one side is constant."""
    scores, estimated = (
        _centred_ranks(estimates[name].to_numpy(np.float64), weights)
        for name in ("score", "estimate")
    )
    shared = (weights * scores * estimated).sum(axis=1)
    own = (weights * scores**2).sum(axis=1) * (weights * estimated**2).sum(axis=1)
    # Ranks are halves of whole numbers, far from rounding.
    return np.divide(shared, np.sqrt(own), out=np.full(len(own), np.nan), where=own > 1e-6)


def _centred_ranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean ranks among as many copies of each value as weights say, around their mean, (b, n).

    Parameters
    ----------
    values : float array, shape (n,)
    weights : float array of whole numbers, shape (b, n)
    """
    levels, level_of = np.unique(values, return_inverse=True)
    copies = weights @ np.eye(len(levels))[level_of]
    ranks = copies.cumsum(axis=1) - copies + (copies + 1) / 2
    mean = (copies * ranks).sum(axis=1, keepdims=True) / copies.sum(axis=1, keepdims=True)
    return np.asarray((ranks - mean)[:, level_of])
