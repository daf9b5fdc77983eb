"""Predictors as classifiers use them."""

import numpy as np
import pandas as pd
import pytest

from cxr.analysis.settings import TaskSettings
from cxr.analysis.task import PredictionTask, encode
from cxr.core.errors import InputError
from tests.helpers.records import patients_of, severity_task


def test_text_is_one_hot_and_gaps_are_a_value(rng):
    rows = patients_of(rng)
    rows.loc[:7, "age_years"] = np.nan
    encoded = encode(severity_task(rows)).set_index("image_id")
    places = pd.get_dummies(rows["location"], prefix="location").astype(float)
    np.testing.assert_array_equal(encoded[list(places)], places)
    assert encoded["sex_missing"].sum() == rows["sex"].isna().sum()
    assert encoded["age_years"].mean() == pytest.approx(0, abs=1e-9)
    assert len(encoded.columns) == 2 + 3 + 2


def test_a_target_of_numbers_is_named(rng):
    with pytest.raises(InputError, match=r"'analysis\.target': age_years holds numbers"):
        PredictionTask.of(patients_of(rng), TaskSettings("age_years", ("sex",), 2))
    with pytest.raises(InputError, match=r"'analysis\.predictors': no source has a column ward"):
        PredictionTask.of(patients_of(rng), TaskSettings("sex", ("ward",), 2))
