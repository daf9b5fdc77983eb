"""Features from a file become what the stages before the maps would have written."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from cxr.core.errors import InputError
from cxr.embedding.knn import select_features
from cxr.features.external import divide_table
from cxr.metadata.schema import SCHEMA


def table(**columns):
    columns_of = {"image_id": ["c", "a", "b"], "u": [1.0, 2.0, 3.0], "v": [4.0, 5.0, 6.0]}
    return pa.table(columns_of | columns)


def test_columns_of_floats_are_the_features_in_the_order_of_the_ids():
    external = divide_table(table(), "net")
    ids, features = select_features(external.features, None)
    assert ids.tolist() == ["a", "b", "c"]
    assert features.tolist() == [[2, 5], [3, 6], [1, 4]]
    assert list(external.metadata.columns) == list(SCHEMA)
    assert external.cohort["patient_id"].tolist() == ["net:a", "net:b", "net:c"]
    assert external.cohort["class"].unique().tolist() == ["image"]
    assert external.rejected.empty


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 2)])
def test_a_column_of_lists_is_the_features_too(kind):
    lists = pa.array([[1, 4], [2, 5], [3, 6]], kind)
    _, features = select_features(
        divide_table(pa.table({"image_id": ["c", "a", "b"], "e": lists}), "net").features, None
    )
    assert features.tolist() == [[2, 5], [3, 6], [1, 4]]


def test_what_the_table_tells_of_the_images_is_kept_and_cleaned():
    external = divide_table(
        table(
            country=["italy", None, "atlantis"],
            location=[None, "Wuhan, China", None],
            patient_id=["p1", "p1", "N/A"],
            age_years=[50.0, None, 60.0],
            file=["scan.dcm", "scan", "scan.JPG"],
            **{"class": ["x", "y", None]},
        ),
        "net",
    )
    rows = external.metadata.set_index("image_id")
    assert rows["format"].fillna("").to_dict() == {"a": "", "b": "jpeg", "c": "dicom"}
    assert rows["country"].fillna("").to_dict() == {"a": "China", "b": "", "c": "Italy"}
    assert rows["patient_id"].tolist() == ["net:p1", "net:b", "net:p1"]
    assert rows.loc["c", "age_years"] == 50
    assert external.cohort["class"].tolist() == ["y", "image", "x"]
    assert external.features.shape[1] == 3 + 2


@pytest.mark.parametrize(
    ("widths", "expected"),
    [
        ([100, None, 300], [100, None, 300]),
        ([100.5, 200.0, np.inf], [None, 200, None]),
        ([2**31, -(2**40), 300], [None, None, 300]),
        (["100", "wide", None], [100, None, None]),
    ],
)
def test_a_width_that_is_no_whole_number_of_pixels_is_null(widths, expected):
    rows = divide_table(table(width=widths), "net").metadata.set_index("image_id")
    assert [None if pd.isna(rows["width"][i]) else rows["width"][i] for i in "cab"] == expected


def test_times_become_dates():
    days = pa.array(pd.to_datetime(["2020-03-16 00:00", None, "2020-03-17 14:30"]))
    rows = divide_table(table(date=days), "net").metadata.set_index("image_id")
    assert rows["date"].fillna("").to_dict() == {"c": "2020-03-16", "a": "", "b": "2020-03-17"}


def test_a_day_above_12_decides_for_the_column_of_dates():
    rows = divide_table(table(date=["3/7/2020", "25/7/2020", None]), "net").metadata
    assert rows["date"].fillna("").tolist() == ["2020-07-25", "", "2020-07-03"]


def test_a_bad_row_costs_that_row():
    external = divide_table(
        table(image_id=["a", "a", None], u=[1.0, 2.0, 3.0]).append_column(
            "w", pa.array([1.0, 1.0, 1.0])
        ),
        "net",
    )
    assert external.features["image_id"].tolist() == ["a"]
    assert external.rejected["reason"].tolist() == ["its image_id occurs before", "no image_id"]
    nan = divide_table(table(u=[np.nan, np.inf, 1.0]), "net")
    assert nan.features["image_id"].tolist() == ["b"]
    assert set(nan.rejected["reason"]) == {"a feature is NaN or infinite: u"}


@pytest.mark.parametrize(
    ("table_of", "message"),
    [
        (pa.table({"id": ["a"], "u": [1.0]}), "no column image_id, only id, u"),
        (pa.table({"image_id": ["a"], "age_years": [1.0]}), "no columns of floats"),
        (pa.table({"image_id": ["a"], "u": [np.nan]}), "no row of it can be used; most often: a f"),
        (
            pa.table({"image_id": pa.array([], pa.string()), "u": pa.array([], pa.float32())}),
            "empt",
        ),
        (pa.table({"image_id": ["a", "b"], "e": [[1.0], [1.0, 2.0]]}), "2 different lengths"),
        (pa.table({"image_id": ["a"], "e": [[1.0]], "g": [[1.0]]}), "which columns are features"),
        (
            pa.table({"image_id": ["a"], **{n: [1.0] for n in ("f0", "f1", "g0", "g1")}}),
            "as many are numbered like f0 as like g0",
        ),
    ],
)
def test_a_table_that_can_not_be_is_named(table_of, message):
    with pytest.raises(InputError, match=r"'features\.from_file'") as error:
        divide_table(table_of, "net")
    assert message in str(error.value)


def test_a_list_of_another_length_costs_its_row():
    lists = [[1.0, 2.0], [1.0], None, [1.0, 4.0], [3.0, None]]
    external = divide_table(pa.table({"image_id": list("abcde"), "e": lists}), "net")
    assert external.features["image_id"].tolist() == ["a", "d"]
    assert external.rejected["reason"].tolist() == [
        "e has 1 features where most have 2",
        "e is missing",
        "a feature is NaN or infinite: e[1]",
    ]


def test_what_the_table_tells_is_parsed_as_in_a_table_of_images():
    rows = divide_table(
        table(view=["pa", "lateral", "?"], sex=["male", "F", None], age_years=["40,5", "", "9"]),
        "net",
    ).metadata.set_index("image_id")
    assert rows["view"].fillna("").to_dict() == {"a": "L", "b": "", "c": "PA"}
    assert rows["sex"].fillna("").to_dict() == {"a": "F", "b": "", "c": "M"}
    assert rows["age_years"].fillna(-1).to_dict() == {"a": -1, "b": 9, "c": 40.5}


def test_a_column_of_the_metadata_is_no_feature():
    with pytest.raises(InputError, match=r"'features\.columns': age_years is a column of the meta"):
        divide_table(table(age_years=[1.0, 2.0, 3.0]), "net", ["u", "age_years"])


def test_ids_with_gaps_are_whole_numbers():
    external = divide_table(table(patient_id=[7.0, None, 8.0]), "net")
    assert external.cohort["patient_id"].tolist() == ["net:a", "net:8", "net:7"]


def test_ids_that_are_numbers_become_text():
    external = divide_table(pa.table({"image_id": [10, 9], "u": [1.0, 2.0]}), "net")
    pd.testing.assert_series_equal(
        external.features["image_id"], pd.Series(["10", "9"], name="image_id", dtype="str")
    )


def test_fields_of_ones_own_are_no_features():
    whole = table(Maker=["GE", None, "Agfa"], dose=[1.5, 2.5, None], room=["1", "2", "3a"])
    fields = {"ward": "room", "scanner": "Maker", "mgy": "dose"}
    external = divide_table(whole, "net", fields=fields)
    rows = external.metadata.set_index("image_id")
    assert list(external.metadata.columns) == [*SCHEMA, "mgy", "scanner", "ward"]
    assert rows["mgy"].fillna(-1).to_dict() == {"c": 1.5, "a": 2.5, "b": -1}
    assert rows["scanner"].fillna("").to_dict() == {"c": "GE", "a": "", "b": "Agfa"}
    assert rows["ward"].to_dict() == {"c": "1", "a": "2", "b": "3a"}
    assert external.features.shape[1] == 3 + 2
    with pytest.raises(InputError, match=r"'features\.fields\.ward': no column 'bed'"):
        divide_table(whole, "net", fields={"ward": "bed"})


def test_a_column_that_may_name_a_person_is_a_field_only_where_the_config_names_it():
    whole = table(PatientName=["A B", "C D", "A B"], Radiologist=["x", "y", "x"], ward=list("aba"))
    assert list(divide_table(whole, "net").metadata.columns) == [*SCHEMA, "ward"]
    named = divide_table(whole, "net", fields={"reader": "Radiologist"}).metadata
    assert list(named.columns) == [*SCHEMA, "reader", "ward"]
