"""The sample that the evidence is assessed on: features of the mapped images, by patient."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.cohort.splits import independent_patients
from cxr.embedding.knn import select_features
from cxr.evidence.thresholds import MinimumSize


@dataclass(frozen=True)
class SampleSettings:
    """Which images are sampled.

    Attributes
    ----------
    classes : tuple of str or None
        The mapped classes; None for all.
    max_images : int
        Of more images whole patients are drawn at random.
    seed : int
    """

    classes: tuple[str, ...] | None
    max_images: int
    seed: int


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
    def of(cls, features: pd.DataFrame, cohort: pd.DataFrame, settings: SampleSettings) -> "Sample":
        """The mapped images, or where they are too many those of patients drawn at random."""
        image_ids, values = select_features(features, settings.classes)
        patients = independent_patients(cohort).loc[image_ids].to_numpy(dtype=np.str_)
        if len(image_ids) > settings.max_images:
            names, codes = np.unique(patients, return_inverse=True)
            order = np.random.default_rng(settings.seed).permutation(len(names))
            fits = np.cumsum(np.bincount(codes)[order]) <= settings.max_images
            kept = np.isin(codes, order[fits])
            image_ids, values, patients = image_ids[kept], values[kept], patients[kept]
        return cls(image_ids, values, patients)

    @property
    def n_images(self) -> int:
        """Number of images."""
        return len(self.image_ids)

    @property
    def n_patients(self) -> int:
        """Number of patients."""
        return len(np.unique(self.patients))

    def is_sufficient(self, minimum: MinimumSize) -> bool:
        """Whether there are the images and patients that a verdict needs."""
        return insufficiency(self.n_images, self.n_patients, 1, minimum) is None


def insufficiency(
    n_images: int, n_patients: int, n_clusters: int, minimum: MinimumSize
) -> str | None:
    """Why no verdict is possible, or None."""
    if n_images < minimum.min_images:
        return f"{n_images} images are too few, {minimum.min_images} are needed"
    if n_patients < minimum.min_patients:
        return f"{n_patients} patients are too few, {minimum.min_patients} are needed"
    if n_clusters == 0:
        return "no cell of the grid has a number of clusters that qualifies"
    return None
