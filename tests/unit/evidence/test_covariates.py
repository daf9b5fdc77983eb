"""The recorded fields of images: bands of age, months, numbers."""

import numpy as np
import pandas as pd

from cxr.evidence.covariates import mean_intensity, recorded_fields

COHORT = pd.DataFrame({"image_id": ["c", "a", "b"], "split": ["test"] * 3})


def fields(**columns):
    return recorded_fields(pd.DataFrame({"image_id": ["a", "b", "c"], **columns}), COHORT)


def test_ages_are_in_bands_of_twenty_years():
    ages = [0, 19.9, 20, 39, 40, 59, 60, 79, 80, 120, None, 200]
    ids = [f"i{i}" for i in range(12)]
    metadata = pd.DataFrame({"image_id": ids, "age_years": ages})
    bands = recorded_fields(metadata, pd.DataFrame({"image_id": ids}))["age_band"].tolist()
    names = ["0 to 19", "20 to 39", "40 to 59", "60 to 79", "80 to 199"]
    assert bands == [name for name in names for _ in range(2)] + [None, None]


def test_months_need_more_than_a_year():
    dates = ["2020-04-30", "2020", "2020-05"]
    assert fields(date=dates)["month"].tolist() == ["2020-05", "2020-04", None]


def test_rows_are_those_of_the_cohort_and_empty_fields_are_left_out():
    table = fields(view=["PA", None, "AP"], width=[1, 2, 3], sex=[None] * 3, format="png")
    assert table.index.tolist() == ["c", "a", "b"]
    assert table["view"].tolist() == ["AP", "PA", None]
    assert table["width"].tolist() == [3.0, 1.0, 2.0]
    assert list(table.columns) == ["view", "format", "width"]
    several = COHORT.assign(split=["train", "test", "test"])
    split = recorded_fields(pd.DataFrame({"image_id": ["a"]}), several)
    assert split["split"].tolist() == ["train", "test", "test"]
    assert "split" not in fields()


def test_the_intensity_is_the_mean_grey_value():
    images = np.array([[[0, 255], [255, 255]], [[1, 2], [3, 4]], [[9, 9], [9, 9]]], np.uint8)
    intensity = mean_intensity(COHORT, images)
    assert intensity.to_dict() == {"c": 191.25, "a": 2.5, "b": 9}
    table = recorded_fields(pd.DataFrame({"image_id": list("abc")}), COHORT, intensity)
    assert table["intensity"].tolist() == [191.25, 2.5, 9]


def test_own_fields_are_numbers_or_texts_that_group_images():
    table = fields(dose=[1.5, None, 3], scanner=["GE", "GE", "GE"], study_hash=["x", "y", "z"])
    assert list(table.columns) == ["dose", "scanner"]
    assert table["scanner"].tolist() == ["GE"] * 3
    assert table["dose"].fillna(-1).tolist() == [3, 1.5, -1]
    ids = [f"i{i}" for i in range(120)]
    many = pd.DataFrame({"image_id": ids, "ward": [f"w{i % 51}" for i in range(120)]})
    cohort = pd.DataFrame({"image_id": ids})
    assert "ward" not in recorded_fields(many, cohort)
    assert "ward" in recorded_fields(many[many["ward"] != "w50"], cohort)
