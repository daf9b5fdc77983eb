"""Readings of several sources become one, in one schema."""

import pandas as pd
import pytest

from cxr.core.errors import InputError
from cxr.metadata.schema import SCHEMA, Reading, combine, rejections, require_rows


def reading(*names):
    rows = pd.DataFrame({"image_id": [f"s/{name}" for name in names], "source": "s"})
    return Reading.of(rows, rejections(["s"], ["x"], "image", ["no such file"]))


def test_readings_are_combined_in_one_order_with_one_schema():
    both = combine([reading("b", "c"), reading("a")])
    assert both.rows["image_id"].tolist() == ["s/a", "s/b", "s/c"]
    assert {name: str(dtype) for name, dtype in both.rows.dtypes.items()} == SCHEMA
    assert len(both.rejected) == 2


def test_a_study_without_any_usable_image_says_why():
    with pytest.raises(InputError, match=r"no usable image; 1 entries were rejected.*no such file"):
        require_rows(reading().without_rows())
