"""Values, gaps, and what cleaning made of them."""

import pandas as pd

from cxr.analysis.description import before_and_after, frequencies, missing
from tests.helpers.records import patients_of


def test_cleaning_is_counted_before_and_after():
    cleaning = pd.DataFrame({"source": "s", "column": ["sex"], "rows": [10]})
    spellings = pd.DataFrame({"source": "s", "column": "sex", "text": ["M", "m ", "x"]})
    spellings["value"], spellings["rows"] = ["M", "M", None], [4, 2, 1]
    row = before_and_after(cleaning, spellings).iloc[0]
    assert row[["texts", "distinct_texts", "values", "distinct_values", "rows"]].tolist() == [
        7,
        3,
        6,
        1,
        10,
    ]


def test_values_and_gaps_are_counted_by_images_and_patients(rng):
    rows = patients_of(rng).assign(**{"class": "a"})
    counted = frequencies(rows, ["location", "sex"])
    assert counted.groupby("field")["images"].sum()["location"] == len(rows)
    assert counted.loc[counted["field"] == "location", "patients"].sum() == 24
    assert counted.groupby("field")["share"].sum().round(3).eq(1).all()
    gaps = missing(rows, ["sex"]).iloc[0]
    assert gaps["missing"] == rows["sex"].isna().sum()
