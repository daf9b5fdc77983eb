"""A recorded field and its predictors, as classifiers use them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.analysis.settings import TaskSettings
from cxr.core.errors import InputError


@dataclass(frozen=True)
class PredictionTask:
    """A field, its predictors and its patients, for the images where it is recorded.

    Attributes
    ----------
    predictors : DataFrame, n rows
        Text, None where not recorded, and numbers.
    target : array of str, shape (n,)
    patients : array of str, shape (n,)
    groups : int array, shape (n,)
        Patients, joined by near duplicates; a fold holds whole groups.
    image_ids : array of str, shape (n,)
    """

    predictors: pd.DataFrame
    target: np.ndarray
    patients: np.ndarray
    groups: np.ndarray
    image_ids: np.ndarray

    @classmethod
    def of(cls, rows: pd.DataFrame, settings: TaskSettings) -> "PredictionTask":
        """The task of some rows of metadata.

        Values of the target that fewer than `min_patients` patients have are left out: what is
        learned of a single patient can't be tested on another.

        Raises
        ------
        InputError
            If a field is in no table, the target holds numbers, or fewer than two values of
            it are left.
        """
        target, min_patients = settings.target, settings.min_patients
        for key, names in (("target", [target]), ("predictors", settings.predictors)):
            for name in names:
                if name not in rows:
                    raise InputError(
                        f"config key 'analysis.{key}': no source has a column {name}; name "
                        f"another field"
                    )
        if pd.api.types.is_numeric_dtype(rows[target]):
            raise InputError(
                f"config key 'analysis.target': {target} holds numbers; name a field of text"
            )
        patients = rows.groupby(target)["patient_id"].nunique()
        kept = rows.loc[rows[target].isin(list(patients.index[patients >= min_patients]))]
        if kept[target].nunique() < 2:
            raise InputError(
                f"config key 'analysis.target': fewer than two values of {target} are recorded of "
                f"{min_patients} patients; name another field, lower analysis.min_patients, or "
                f"leave the analysis out"
            )
        predictors = kept[list(settings.predictors)].reset_index(drop=True)
        texts = [n for n in predictors if not pd.api.types.is_numeric_dtype(predictors[n])]
        text = predictors[texts]
        predictors[texts] = text.astype("object").where(text.notna(), None)
        return cls(
            predictors,
            kept[target].to_numpy(dtype=np.str_),
            kept["patient_id"].to_numpy(dtype=np.str_),
            kept["split_group"].to_numpy(),
            kept["image_id"].to_numpy(dtype=np.str_),
        )


def encoder(predictors: pd.DataFrame) -> Any:
    """Text one-hot, with missing as a level; numbers standardised.

    Missing numbers become the median, with an indicator column.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = list(predictors.select_dtypes("number").columns)
    texts = [name for name in predictors if name not in numbers]
    one_hot = make_pipeline(
        SimpleImputer(
            missing_values=None, strategy="constant", fill_value="missing", keep_empty_features=True
        ),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    median = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    scaled = make_pipeline(median, StandardScaler())
    return ColumnTransformer(
        [("text", one_hot, texts), ("number", scaled, numbers)], verbose_feature_names_out=False
    )


def encode(task: PredictionTask) -> pd.DataFrame:
    """The predictors as the classifiers use them: image_id and float columns."""
    fitted = encoder(task.predictors).fit(task.predictors)
    table = pd.DataFrame(fitted.transform(task.predictors), columns=fitted.get_feature_names_out())
    table.insert(0, "image_id", task.image_ids)
    return table
