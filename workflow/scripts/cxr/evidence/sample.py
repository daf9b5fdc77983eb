"""What the evidence is weighed on: the mapped images' features, and whose they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.cohort.splits import independent_patients
from cxr.embedding.knn import select_features


@dataclass(frozen=True)
class Sample:
    """Features of images, and the patient of each.

    Attributes
    ----------
    image_ids, patients : str array, shape (n,)
        Patients as `cxr.cohort.splits.independent_patients` has them.
    features : float array, shape (n, d)
    """

    image_ids: np.ndarray
    features: np.ndarray
    patients: np.ndarray

    @classmethod
    def of(
        cls,
        features: pd.DataFrame,
        cohort: pd.DataFrame,
        classes: Sequence[str] | None,
        sample: int,
        seed: int,
    ) -> "Sample":
        """The mapped images, or of more than `sample` those of patients drawn at random."""
        ids, values = select_features(features, classes)
        owner = independent_patients(cohort).loc[ids].to_numpy(dtype=np.str_)
        if len(ids) > sample:
            names, codes = np.unique(owner, return_inverse=True)
            order = np.random.default_rng(seed).permutation(len(names))
            fits = np.cumsum(np.bincount(codes)[order]) <= sample
            kept = np.isin(codes, order[fits])
            ids, values, owner = ids[kept], values[kept], owner[kept]
        return cls(ids, values, owner)

    @property
    def n_patients(self) -> int:
        """How many patients the images are of."""
        return len(np.unique(self.patients))

    def enough(self, thresholds: Mapping[str, Any]) -> bool:
        """Whether there are the images and patients that a verdict needs."""
        return insufficiency(len(self.image_ids), self.n_patients, 1, thresholds) is None


def insufficiency(
    n_images: int, n_patients: int, n_clusters: int, t: Mapping[str, Any]
) -> str | None:
    """What a verdict can't be had without, or None."""
    if n_images < t["min_images"]:
        return f"{n_images} images are too few, {t['min_images']} are needed"
    if n_patients < t["min_patients"]:
        return f"{n_patients} patients are too few, {t['min_patients']} are needed"
    if n_clusters == 0:
        return "no cell of the grid has a number of clusters that qualifies"
    return None
