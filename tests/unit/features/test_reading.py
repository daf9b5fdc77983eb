"""Features are read from any table as from Parquet."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from cxr.core.errors import InputError
from cxr.features.external import import_table

FRAME = pd.DataFrame(
    {
        "Image_ID": ["c", "a", "b"],
        "f0": [1.5, 2.0, 3.0],
        "f1": [4.0, 5.0, 6e-3],
        "crp": [None, 2.5, None],
        "class": ["x", "y", "x"],
    }
)
EXPECTED = {"a": [2.0, 5.0], "b": [3.0, 6e-3], "c": [1.5, 4.0]}


def written(folder, frame, name):
    path = folder / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    elif name.endswith(".xlsx"):
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False, sep=";", decimal=",", encoding="utf-16")
    return path


def features_of(external):
    table = external.features.set_index("image_id").drop(columns=["class", "split"])
    return {image: features.tolist() for image, features in table.iterrows()}


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx", "a.csv"])
def test_every_kind_of_table_holds_the_same_features(tmp_path, name):
    external = import_table(written(tmp_path, FRAME, name), "net", None)
    assert external.rejected.empty
    for image, features in features_of(external).items():
        np.testing.assert_allclose(features, EXPECTED[image], rtol=1e-6)
    assert external.cohort["class"].tolist() == ["y", "x", "x"]


@pytest.mark.parametrize("index", ["image_id", ["image_id", "class"]])
def test_an_index_of_pandas_is_columns(tmp_path, index):
    frame = FRAME.rename(columns={"Image_ID": "image_id"}).set_index(index)
    external = import_table(written(tmp_path, frame, "a.parquet"), "net", None)
    assert external.cohort["class"].tolist() == ["y", "x", "x"]


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_an_index_without_a_name_holds_the_images(tmp_path, name):
    frame = FRAME.set_index("Image_ID").rename_axis(None)
    path = tmp_path / name
    frame.to_parquet(path) if name == "a.parquet" else frame.to_csv(path)
    assert features_of(import_table(path, "net", None)).keys() == EXPECTED.keys()


def test_image_ids_may_be_named_with_a_space_and_features_be_decimals(tmp_path):
    frame = FRAME.rename(columns={"Image_ID": "Image ID"}).assign(f0=[Decimal("1.5")] * 3)
    external = import_table(written(tmp_path, frame, "a.parquet"), "net", None)
    assert features_of(external)["b"] == pytest.approx([1.5, 6e-3])


@pytest.mark.parametrize(
    "text", ["[1.0, 2.0]", "1 2", "[1. 2.]", "(1;2)", "tensor([1, 2], device='cpu')"]
)
@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_lists_may_be_texts(tmp_path, text, name):
    frame = pd.DataFrame({"image_id": ["a", "b"], "e": [text, "[3, 4]"]})
    external = import_table(written(tmp_path, frame, name), "net", None)
    assert features_of(external) == {"a": [1, 2], "b": [3, 4]}


def test_thousands_may_be_divided(tmp_path):
    lines = ["image_id,f0,f1", 'a,"1,234.5",2.5', 'b,"1,002,234.5",3.5', "c,7.5,1"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    expected = {"a": [1234.5, 2.5], "b": [1002234.5, 3.5], "c": [7.5, 1]}
    assert features_of(import_table(tmp_path / "a.csv", "net", None)) == expected
    (tmp_path / "a.csv").write_text("image_id;f0;f1\na;1.234,5;2,5\nb;7,5;1\n")
    assert features_of(import_table(tmp_path / "a.csv", "net", None)) == {
        "a": [1234.5, 2.5],
        "b": [7.5, 1],
    }


def test_a_list_that_was_shortened_is_none(tmp_path):
    frame = pd.DataFrame({"image_id": ["a", "b", "c"], "e": ["[1 2]", "[1 ... 2]", "[3 4]"]})
    external = import_table(written(tmp_path, frame, "a.parquet"), "net", None)
    assert features_of(external) == {"a": [1, 2], "c": [3, 4]}
    assert external.rejected["reason"].tolist() == ["e is missing"]
    frame["e"] = "[1. ... 2.]"
    with pytest.raises(InputError, match="the column e holds arrays that were shortened"):
        import_table(written(tmp_path, frame, "a.parquet"), "net", None)
    noted = FRAME.assign(note="and so on ...")
    assert len(import_table(written(tmp_path, noted, "a.parquet"), "net", None).features) == 3


def test_a_bad_row_of_text_costs_that_row(tmp_path):
    lines = ["image_id,note,f0,f1", "a,x,1,2", "b,x, y,3,4", "c,x,n/a,6", "d,x,>9,8", "e,x,9,1"]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    external = import_table(tmp_path / "a.csv", "net", None)
    assert features_of(external) == {"a": [1, 2], "e": [9, 1]}
    assert external.rejected.set_index("file")["reason"].to_dict() == {
        "b": "5 cells where the header has 4",
        "c": "a feature is NaN or infinite: f0",
        "d": "a feature is NaN or infinite: f0",
    }


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.xlsx"])
def test_an_own_field_of_codes_or_words_stays_as_the_table_has_it(tmp_path, name):
    frame = pd.DataFrame(
        {
            "image_id": list("abcd"),
            "f0": [1.5, 2.5, 3.5, 4.5],
            "f1": [0.5, 1.5, 2.5, 3.5],
            "f2": [0.1, 0.2, 0.3, 0.4],
            "ward": ["1", "2", "3", "A1"],
            "code": ["07", "7", "007", "1"],
            "dose": ["1.5", "", "2.5", "3.5"],
        }
    )
    rows = import_table(written(tmp_path, frame, name), "net").metadata
    assert rows["ward"].tolist() == ["1", "2", "3", "A1"]
    assert rows["code"].tolist() == ["07", "7", "007", "1"]
    assert rows["dose"].sum() == 7.5
