"""The images that all representations are measured on, and their places in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cxr.evidence.covariates import recorded_fields
from cxr.features.tables import feature_matrix
from cxr.metadata.fields import own_groups
from cxr.similarity.comparison import image_records
from cxr.similarity.space import Metric, Space, make_space

# Recorded fields that features may know, besides a study's own.
FIELDS = ("source", "view", "sex", "age_band", "country")
CLASS = "class"


@dataclass(frozen=True)
class MeasuredImages:
    """Images that every representation has features of.

    Attributes
    ----------
    records : DataFrame, n rows
        Indexed by image_id, as `cxr.similarity.comparison.image_records` makes them.
    fields : DataFrame, n rows
        The class and the recorded fields of several levels, null where not recorded.
    test : bool array, shape (n,)
        Whether an image is of the test split, which no training saw.
    """

    records: pd.DataFrame
    fields: pd.DataFrame
    test: np.ndarray

    @property
    def patients(self) -> np.ndarray:
        """The patient of each image, str of shape (n,)."""
        return self.records["patient_id"].to_numpy(dtype=np.str_)


def measured_images(
    cohort: pd.DataFrame, metadata: pd.DataFrame, tables: Mapping[str, pd.DataFrame]
) -> MeasuredImages:
    """The images of a cohort that are in every table of features.

    Parameters
    ----------
    cohort : DataFrame
        `image_id, class, split, patient_id, split_group, source`.
    metadata : DataFrame
        The shared schema.
    tables : mapping of str to DataFrame
        Features by the name of their representation.
    """
    for table in tables.values():
        cohort = cohort[cohort["image_id"].isin(table["image_id"])]
    recorded = recorded_fields(metadata, cohort)
    names = [name for name in (*FIELDS, *own_groups(recorded)) if name in recorded]
    names = [name for name in names if len(recorded[name].dropna().unique()) > 1]
    fields = recorded[names].assign(**{CLASS: cohort[CLASS].to_numpy(dtype=object)})
    test = (cohort["split"] == "test").to_numpy()
    return MeasuredImages(image_records(cohort, metadata), fields[[CLASS, *names]], test)


@dataclass(frozen=True)
class Features:
    """The features of measured images by one representation.

    Attributes
    ----------
    table : DataFrame, n rows
        image_id and a column a unit, in the order of the images.
    space : Space
        Their places for a metric; images without a direction are left out.
    """

    table: pd.DataFrame
    space: Space

    @classmethod
    def of(
        cls, table: pd.DataFrame, images: MeasuredImages, metric: Metric, seed: int
    ) -> "Features":
        """Those of the measured images."""
        rows = table.set_index("image_id").loc[images.records.index].reset_index(names="image_id")
        return cls(rows, make_space(rows, images.records["patient_id"], metric, seed)[0])

    @cached_property
    def standardised(self) -> np.ndarray:
        """Features of unit variance, in no more axes than there are images, float64 (n, d).

        Linear probes with a penalty on the length of their weights don't depend on the axes.
        """
        features = feature_matrix(self.table)
        spread = features.std(axis=0)
        scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
        if scaled.shape[1] <= len(scaled):
            return scaled
        left, singular, _ = np.linalg.svd(scaled, full_matrices=False)
        return np.asarray(left * singular)

    @property
    def n_units(self) -> int:
        """Width of the features."""
        return int(feature_matrix(self.table.iloc[:1]).shape[1])
