"""The distance from the training images, in few enough numbers for a page."""

from typing import Any

import numpy as np

from cxr.inference.distance import TrainingDistance, spaces

DIRECTIONS = 128
TINY = 1e-30  # a variance of nothing


def compact_distance(train: np.ndarray, held_out: np.ndarray) -> dict[str, Any]:
    """`TrainingDistance` with covariances of few directions, and the distances by it.

    Of each covariance the `DIRECTIONS` of the largest variances are kept; all others get the mean
    variance of theirs. Distances of held-out images are by these covariances too, so that the
    percentiles among them hold exactly.

    Parameters
    ----------
    train, held_out : float arrays, shapes (n, d) and (m, d)
        Mean outputs of the convolutions.

    Returns
    -------
    dict
        `spaces`, of each its `mean`, `directions` (float16, rows of unit length), `gains`
        and `floor`: the squared distance is `floor` times that from the mean, and each gain
        times the square along its direction; `scale`, by which it is divided. `held_out`, their
        distances.
    """
    distance = TrainingDistance(train, held_out)
    found: list[dict[str, Any]] = []
    known: list[np.ndarray] = []
    for (mean, covariance, _), points in zip(distance.covariances, spaces(held_out), strict=True):
        space = _compact(mean, covariance)
        distances = _distances(space, points)
        median = float(np.median(distances)) if len(distances) else 0.0
        space["scale"] = median if median > 0 else 1.0
        found.append(space)
        known.append(distances / space["scale"])
    return {"spaces": found, "held_out": np.max(known, axis=0)}


def _compact(mean: np.ndarray, covariance: np.ndarray) -> dict[str, Any]:
    variances, directions = np.linalg.eigh(covariance)
    kept = min(DIRECTIONS, len(variances) - 1)
    rest, largest = variances[: len(variances) - kept], variances[len(variances) - kept :]
    floor = 1 / max(float(rest.mean()), TINY)
    return {
        "mean": mean.astype(np.float32),
        "directions": directions[:, len(variances) - kept :].T.astype(np.float16),
        "gains": 1 / np.maximum(largest, TINY) - floor,
        "floor": floor,
    }


def _distances(space: dict[str, Any], points: np.ndarray) -> np.ndarray:
    centred = points - space["mean"].astype(np.float64)
    along = centred @ space["directions"].astype(np.float64).T
    squares = (centred**2).sum(axis=1) * space["floor"] + (along**2) @ space["gains"]
    return np.sqrt(np.maximum(squares, 0))
