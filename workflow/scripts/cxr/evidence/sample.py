"""The features that the evidence is assessed on: of the mapped images, and samples of them.

A map of few images takes little time, so that the searches run on samples of a large study.
What needs no map, such as associations, takes all images.
"""

from collections.abc import Sequence
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
    samples : int
        How many samples are drawn where there are more images.
    """

    classes: tuple[str, ...] | None
    max_images: int
    seed: int
    samples: int = 1


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
        """The mapped images, all of them."""
        image_ids, values = select_features(features, settings.classes)
        patients = independent_patients(cohort).loc[image_ids].to_numpy(dtype=np.str_)
        return cls(image_ids, values, patients)

    def draw(self, settings: SampleSettings) -> "tuple[Sample, ...]":
        """All images where they are few enough, else several samples of whole patients.

        A sample takes patients in random order as long as their images fit. The next one
        goes on from there, so that samples share no patient; where those left have too few
        images it starts again in another order. Patients with more images than a sample
        are in none. The draws depend on the patients and the settings alone, so that
        other features of the same images have the same ones.
        """
        if self.n_images <= settings.max_images:
            return (self,)
        owners = np.unique(self.patients, return_inverse=True)[1]
        sizes = np.bincount(owners)
        samples, left = [], np.array([], np.int64)
        for number in range(settings.samples):
            if sizes[left].sum() < settings.max_images:
                order = np.random.default_rng([settings.seed, number]).permutation(len(sizes))
                left = order[sizes[order] <= settings.max_images]
            n_taken = int((np.cumsum(sizes[left]) <= settings.max_images).sum())
            samples.append(self.take(np.isin(owners, left[:n_taken])))
            left = left[n_taken:]
        return tuple(samples)

    def take(self, kept: np.ndarray) -> "Sample":
        """Some of the images, by a mask or by their places."""
        return Sample(self.image_ids[kept], self.features[kept], self.patients[kept])

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


def are_sufficient(samples: Sequence[Sample], minimum: MinimumSize) -> bool:
    """Whether each of several samples has the images and patients that a verdict needs."""
    return all(sample.is_sufficient(minimum) for sample in samples)


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
