"""The clustering that maps of other perplexities agree with, and that is dense on its own map.

Cells of a grid disagree for two reasons: t-SNE cuts one cloud elsewhere at every perplexity,
and DBSCAN merges or splits with its parameters. What is there stays where perplexities change.
So every distinct clustering of a map has one vote, every perplexity the same weight. A
clustering's agreement is its mean adjusted Rand index with those of the other perplexities, its
consensus the mean of that and of its DBCV: pieces of one cloud rarely have both.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxr.clustering.agreement import agreement_by_group, core_and_outliers, image_agreement


@dataclass(frozen=True)
class Votes:
    """Clusterings of several maps, and how far they agree.

    Attributes
    ----------
    labels : int16 array, shape (l, n)
    perplexities : float array, shape (p,)
        Of the maps that vote, rising, each once.
    groups : int array, shape (l,)
        The perplexity that each clustering votes for, by its place; -1 for one that
        does not vote.
    by_perplexity : float array, shape (l, p)
        The mean adjusted Rand index with the clusterings of each perplexity; NaN for
        its own, and everywhere for one with too many outliers; 0 for a perplexity
        without clusterings.
    usable : bool array, shape (l,)
        Whether a clustering has few enough outliers.
    """

    labels: np.ndarray
    perplexities: np.ndarray
    groups: np.ndarray
    by_perplexity: np.ndarray
    usable: np.ndarray

    @classmethod
    def of(
        cls,
        labellings: Sequence[np.ndarray],
        perplexities: Sequence[float],
        max_outliers: float,
    ) -> "Votes":
        """Counts the votes.

        Parameters
        ----------
        labellings : sequence of int16 array, shape (l_m, n)
            The distinct clusterings of each map, of one at least.
        perplexities : sequence of float
            Of each map; NaN for a map that does not vote, such as the PCA.
        max_outliers : float
            Largest share of outliers of a clustering that votes, or is selected.
        """
        labels = np.concatenate(labellings)
        values = np.asarray(perplexities, dtype=np.float64)
        distinct = np.unique(values[np.isfinite(values)])
        groups = np.where(np.isfinite(values), np.searchsorted(distinct, values), -1)
        groups = np.repeat(groups, [len(each) for each in labellings])
        few = (labels < 0).mean(axis=1) <= max_outliers
        by_perplexity = np.full((len(labels), len(distinct)), np.nan)
        if few.any():
            by_perplexity[few] = agreement_by_group(labels[few], groups[few], len(distinct))
        return cls(labels, distinct, np.where(few, groups, -1), by_perplexity, few)

    @property
    def agreement(self) -> np.ndarray:
        """Each clustering's mean over the other perplexities, shape (l,); NaN without any."""
        defined = np.isfinite(self.by_perplexity)
        total = np.where(defined, self.by_perplexity, 0.0).sum(axis=1)
        count = defined.sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    def consensus(self, dbcv: np.ndarray) -> np.ndarray:
        """Each clustering's mean of agreement and DBCV, from -1 to 1, shape (l,).

        Where there is one perplexity alone the agreement counts as 0, an undefined DBCV
        as -1. NaN for a clustering with too many outliers.

        Parameters
        ----------
        dbcv : float array, shape (l,)
        """
        mean = (np.nan_to_num(self.agreement) + np.where(np.isnan(dbcv), -1.0, dbcv)) / 2
        return np.where(self.usable, mean, np.nan)

    def voters(self, selected: int) -> tuple[np.ndarray, np.ndarray]:
        """The clusterings of other perplexities than a selected one's, and their weights.

        Returns
        -------
        places : int array, shape (v,)
        weights : float array, shape (v,)
            Every perplexity has the same; their sum is one where there is a vote.
        """
        places = np.flatnonzero((self.groups >= 0) & (self.groups != self.groups[selected]))
        counts = np.bincount(self.groups[places], minlength=len(self.perplexities))
        weights = 1.0 / counts[self.groups[places]]
        return places, weights / max(np.count_nonzero(counts), 1)

    def image_agreement(self, selected: int) -> np.ndarray:
        """How far each image's cluster is that of the other perplexities, 0 to 1, shape (n,)."""
        result = np.zeros(self.labels.shape[1])
        for place, weight in zip(*self.voters(selected), strict=True):
            result += weight * image_agreement(self.labels[selected], self.labels[place])
        return result

    def parts(self, selected: int) -> tuple[float, float]:
        """A clustering's mean agreement on the images that are clustered, and on the outliers."""
        places, weights = self.voters(selected)
        pairs = [core_and_outliers(self.labels[selected], self.labels[k]) for k in places]
        core, outliers = weights @ np.array(pairs).reshape(-1, 2)
        return float(core), float(outliers)
