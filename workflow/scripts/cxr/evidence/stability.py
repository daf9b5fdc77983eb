"""Stability of clusters under resampling, re-initialisation and retraining."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.statistics.bootstrap import CONFIDENCE

# Hennig 2007, as in the documentation of R's fpc::clusterboot.
GRADES = ((0.85, "highly stable"), (0.75, "stable"), (0.6, "doubtful"), (0.0, "unstable"))
# A cluster with fewer images in a sample is too small for its repetitions.
MIN_IMAGES = 10
# How searches are repeated: `kind` of the repetitions.
RESAMPLINGS = {
    "bootstrap": "bootstrap of patients",
    "subsample": "80% of patients",
    "start": "random initialisation",
    "training": "retrained networks",
}


def grade(jaccard: float) -> str:
    """The word for a cluster's mean Jaccard similarity."""
    return next(word for bound, word in GRADES if jaccard >= bound)


def jaccards(reference: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """For each cluster of the reference its best Jaccard similarity among other clusters.

    Parameters
    ----------
    reference, labels : int array, shape (n,)
        Of the same images; -1 for outliers, which are no cluster.
    k : int
        Clusters of the reference, of which some may have no image here.

    Returns
    -------
    float array, shape (k,)
        NaN for a cluster with no image here.

    References
    ----------
    C. Hennig, "Cluster-wise assessment of cluster stability", Comput. Stat.
    Data Anal. 52, 2007.
    """
    m = labels.max(initial=-1) + 1
    table = np.zeros((k + 1, m + 1))
    np.add.at(table, (reference + 1, labels + 1), 1)
    sizes, other_sizes, shared = table.sum(axis=1)[1:], table.sum(axis=0)[1:], table[1:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        similarities = shared / (sizes[:, None] + other_sizes - shared)
    best = similarities.max(axis=1, initial=0.0)
    return np.where(sizes > 0, best, np.nan)


def in_view(clusters: pd.DataFrame, k: int, samples: Sequence[np.ndarray]) -> np.ndarray | None:
    """Which of the clusters each sample has at least ten images of, bool (samples, k).

    A sample with one of several clusters in view can't show whether it comes back. None
    where the one sample is of all images: then every cluster is in view.

    Parameters
    ----------
    clusters : DataFrame
        `image_id, cluster`: the study's.
    k : int
        Their number.
    samples : sequence of str array
        The images of each sample.
    """
    if len(samples) == 1 and len(samples[0]) == len(clusters):
        return None
    labels = clusters.set_index("image_id")["cluster"]
    members = [labels.loc[image_ids].to_numpy() for image_ids in samples]
    counts = [np.bincount(each[each >= 0], minlength=k) for each in members]
    seen = np.array(counts) >= MIN_IMAGES
    return seen & (seen.sum(axis=1, keepdims=True) >= min(k, 2))


class Stability:
    """Collects repeated clusterings of the same images and sums them up.

    Parameters
    ----------
    reference : int array, shape (n,)
        The study's clusters.
    k : int, optional
        Their number, where not all of them have an image here.
    """

    def __init__(self, reference: np.ndarray, k: int | None = None) -> None:
        self.reference = reference
        self.k = int(reference.max(initial=-1)) + 1 if k is None else k
        self.jaccards: dict[str, list[np.ndarray]] = {}
        self.agreement: dict[str, list[float]] = {}
        self.seen: dict[str, np.ndarray] = {}
        self.repeats: list[tuple[np.ndarray, np.ndarray]] = []

    @classmethod
    def of(
        cls,
        reference: np.ndarray,
        image_ids: np.ndarray,
        repeats: pd.DataFrame,
        k: int | None = None,
        seen: np.ndarray | None = None,
    ) -> "Stability":
        """The repetitions of `cxr.evidence.resampling` of a clustering.

        Parameters
        ----------
        reference : int array, shape (n,)
        image_ids : str array, shape (n,)
        repeats : DataFrame
            `kind, turn, sample, image_id, cluster`.
        k : int, optional
            Clusters of the reference, where images are a sample.
        seen : bool array, shape (samples, k), optional
            As from `in_view`; None for all.
        """
        stability, index = cls(reference, k), pd.Index(image_ids)
        for (kind, _, sample), rows in repeats.groupby(["kind", "turn", "sample"], sort=False):
            places, labels = index.get_indexer(rows["image_id"]), rows["cluster"].to_numpy()
            stability.add(str(kind), places, labels, None if seen is None else seen[sample])
        return stability

    def add(
        self, kind: str, images: np.ndarray, labels: np.ndarray, seen: np.ndarray | None = None
    ) -> None:
        """Adds one repetition, which clustered these images; `seen` are the clusters it counts for.

        None for all of them.
        """
        from sklearn.metrics import adjusted_rand_score

        reference = self.reference[images]
        seen = np.full(self.k, True) if seen is None else seen
        found = np.where(seen, jaccards(reference, labels, self.k), np.nan)
        self.jaccards.setdefault(kind, []).append(found)
        self.seen[kind] = self.seen.get(kind, False) | seen
        self.agreement.setdefault(kind, []).append(float(adjusted_rand_score(reference, labels)))
        self.repeats.append((images, labels))

    def consensus(self) -> np.ndarray:
        """Share of the repetitions with both images in which they are in one cluster, (n, n).

        References
        ----------
        S. Monti et al., "Consensus clustering", Machine Learning 52, 2003.
        """
        together, present = np.zeros((2, len(self.reference), len(self.reference)))
        for images, labels in self.repeats:
            square = np.ix_(images, images)
            present[square] += 1
            together[square] += (labels[:, None] == labels) & (labels >= 0)
        return together / np.maximum(present, 1)

    def summary(self) -> dict[str, Any]:
        """Each cluster's mean Jaccard similarity and the adjusted Rand index, by kind.

        The intervals hold 95% of the repetitions. The mean and the grade of a cluster
        that no sample has in view are None.
        """
        kinds = {}
        for kind, rows in self.jaccards.items():
            table = np.array(rows)
            clusters = [
                {"cluster": cluster, **_of_cluster(column, bool(self.seen[kind][cluster]))}
                for cluster, column in enumerate(table.T)
            ]
            agreement = np.array(self.agreement[kind])
            kinds[kind] = {
                "repetitions": len(rows),
                "clusters": clusters,
                "adjusted_rand": {"mean": float(agreement.mean()), **_spread(agreement)},
            }
        return kinds


def _of_cluster(jaccard: np.ndarray, seen: bool) -> dict[str, Any]:
    """The summary of a cluster's Jaccard similarities, NaN where it has no image."""
    defined = jaccard[np.isfinite(jaccard)]
    if not seen:
        return {**_spread(defined), "mean": None, "grade": None}
    mean = float(defined.mean()) if len(defined) else 0.0
    return {**_spread(defined), "mean": mean, "grade": grade(mean)}


def _spread(values: np.ndarray) -> dict[str, float | None]:
    if not len(values):
        return {"low": None, "high": None}
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return {"low": float(low), "high": float(high)}
