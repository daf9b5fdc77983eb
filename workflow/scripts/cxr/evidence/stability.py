"""Stability of clusters under resampling, re-initialisation and retraining."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.statistics.bootstrap import CONFIDENCE

# Hennig 2007, as in the documentation of R's fpc::clusterboot.
GRADES = ((0.85, "highly stable"), (0.75, "stable"), (0.6, "doubtful"), (0.0, "unstable"))
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
        self.together = np.zeros((len(reference), len(reference)))
        self.present = np.zeros((len(reference), len(reference)))

    @classmethod
    def of(
        cls,
        reference: np.ndarray,
        image_ids: np.ndarray,
        repeats: pd.DataFrame,
        k: int | None = None,
    ) -> "Stability":
        """The repetitions of `cxr.evidence.resampling` of a clustering.

        Parameters
        ----------
        reference : int array, shape (n,)
        image_ids : str array, shape (n,)
        repeats : DataFrame
            `kind, turn, image_id, cluster`.
        k : int, optional
            Clusters of the reference, where images are a sample.
        """
        stability, index = cls(reference, k), pd.Index(image_ids)
        for (kind, _), rows in repeats.groupby(["kind", "turn"], sort=False):
            places = index.get_indexer(rows["image_id"])
            stability.add(str(kind), places, rows["cluster"].to_numpy())
        return stability

    def add(self, kind: str, images: np.ndarray, labels: np.ndarray) -> None:
        """Adds one repetition, which clustered these images."""
        from sklearn.metrics import adjusted_rand_score

        reference = self.reference[images]
        self.jaccards.setdefault(kind, []).append(jaccards(reference, labels, self.k))
        self.agreement.setdefault(kind, []).append(float(adjusted_rand_score(reference, labels)))
        square = np.ix_(images, images)
        self.present[square] += 1
        self.together[square] += (labels[:, None] == labels) & (labels >= 0)

    def consensus(self) -> np.ndarray:
        """Share of the repetitions with both images in which they are in one cluster, (n, n).

        References
        ----------
        S. Monti et al., "Consensus clustering", Machine Learning 52, 2003.
        """
        return self.together / np.maximum(self.present, 1)

    def summary(self) -> dict[str, Any]:
        """Each cluster's mean Jaccard similarity and the adjusted Rand index, by kind.

        The intervals hold 95% of the repetitions.
        """
        kinds = {}
        for kind, rows in self.jaccards.items():
            table = np.array(rows)
            clusters = []
            for cluster, column in enumerate(table.T):
                defined = column[np.isfinite(column)]
                mean = float(defined.mean()) if len(defined) else 0.0
                clusters.append(
                    {"cluster": cluster, **_spread(defined), "mean": mean, "grade": grade(mean)}
                )
            agreement = np.array(self.agreement[kind])
            kinds[kind] = {
                "repetitions": len(rows),
                "clusters": clusters,
                "adjusted_rand": {"mean": float(agreement.mean()), **_spread(agreement)},
            }
        return kinds


def _spread(values: np.ndarray) -> dict[str, float | None]:
    if not len(values):
        return {"low": None, "high": None}
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return {"low": float(low), "high": float(high)}
