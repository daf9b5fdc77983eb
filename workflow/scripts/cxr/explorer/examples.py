"""Images that stand for a cluster, lie at its border, or show a class at its most confident."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.evaluation.predictions import confidences

PER_CLUSTER = 5
PER_CLASS = 5
# Distances are means over at most so many images of a cluster, evenly spaced.
MOST_MEMBERS = 1000
TEST = "test"


def cluster_examples(xy: np.ndarray, labels: np.ndarray) -> list[dict[str, Any]]:
    """The medoids and the border images of each cluster on a map.

    Parameters
    ----------
    xy : float array, shape (n, 2)
    labels : int array, shape (n,)
        -1 for outliers, which take no part.

    Returns
    -------
    list of dict
        Of each cluster `cluster`, `medoids` and `borderline`, lists of rows: the images with the
        least mean distance to their cluster, and those with the lowest silhouette, which is
        their `silhouettes`; with one cluster, those farthest from it, without silhouettes.

    References
    ----------
    L. Kaufman, P. J. Rousseeuw, "Finding groups in data", 1990, chapter 2. P. J. Rousseeuw,
    "Silhouettes", J. Comput. Appl. Math. 20, 1987.
    """
    clusters = range(labels.max(initial=-1) + 1)
    if not clusters:
        return []
    distances = np.column_stack([_mean_distances(xy, xy[labels == c]) for c in clusters])
    examples = []
    for cluster in clusters:
        rows = np.flatnonzero(labels == cluster)
        own = distances[rows, cluster]
        others = np.delete(distances[rows], cluster, axis=1)
        centred = rows[np.argsort(own, kind="stable")]
        example = {"cluster": cluster, "medoids": centred[:PER_CLUSTER].tolist()}
        if others.shape[1]:
            nearest = others.min(axis=1)
            silhouettes = (nearest - own) / np.maximum(np.maximum(nearest, own), 1e-12)
            order = np.argsort(silhouettes, kind="stable")[:PER_CLUSTER]
            example["borderline"] = rows[order].tolist()
            example["silhouettes"] = [round(float(s), 3) for s in silhouettes[order]]
        else:
            example["borderline"] = centred[::-1][:PER_CLUSTER].tolist()
            example["silhouettes"] = []
        examples.append(example)
    return examples


def _mean_distances(xy: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The mean distance of each point to the members of a cluster, or to a sample of many."""
    from scipy.spatial.distance import cdist

    step = -(-len(members) // MOST_MEMBERS)
    parts = np.array_split(xy, max(1, len(xy) // 5000))
    return np.concatenate([cdist(part, members[::step]).mean(axis=1) for part in parts])


def class_examples(predictions: pd.DataFrame) -> list[dict[str, Any]]:
    """The test images of each class of which a network is most confident, right and wrong.

    Parameters
    ----------
    predictions : DataFrame
        `image_id, class, split, predicted` and a column `probability_<class>` of each class.

    Returns
    -------
    list of dict
        Of each class of the test split `class`, `correct` and `incorrect`, lists of dicts:
        `id`, `predicted`, `confidence`.
    """
    held_out = predictions[predictions["split"] == TEST]
    held_out = held_out.assign(confidence=confidences(held_out))
    examples = []
    for name, rows in held_out.groupby("class", observed=True):
        ordered = rows.sort_values(["confidence", "image_id"], ascending=[False, True])
        right = ordered["predicted"] == name
        examples.append(
            {
                "class": str(name),
                "correct": _entries(ordered[right]),
                "incorrect": _entries(ordered[~right]),
            }
        )
    return examples


def _entries(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "id": row["image_id"],
            "predicted": str(row["predicted"]),
            "confidence": round(float(row["confidence"]), 4),
        }
        for _, row in rows.head(PER_CLASS).iterrows()
    ]
