"""Own fields become numbers where every text is one, and text else."""

import pandas as pd
import pytest

from cxr.metadata.fields import numbers_of, own_text, type_fields
from cxr.metadata.schema import combine
from cxr.sources.rows import convert


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "2.5", "-3", "1e-05", ".5"], [1, 2.5, -3, 1e-5, 0.5]),
        (["1,5", "37,25", "2"], [1.5, 37.25, 2]),
        (["1,234", "12,5"], [1.234, 12.5]),
        (["1,234", "12,500"], None),  # thousands or decimals
        (["1,5", "2.5"], None),
        (["007", "012"], None),  # codes
        (["0", "0.5"], [0, 0.5]),
        (["40", "n. a. 3"], None),
        (["1e999"], None),
        (["inf"], None),
        ([], None),
    ],
)
def test_numbers_are_read_in_one_way_for_the_whole_field(texts, values):
    numbers = numbers_of(texts)
    assert (numbers and [numbers[text] for text in texts]) == values


def test_texts_are_tidied_and_bounded():
    assert own_text(" GE\u200b  Medical\n") == "GE Medical"
    assert own_text("unknown") is None
    assert len(own_text("x" * 10_000)) == 200


def reading(source, **columns):
    raw = pd.DataFrame({"file": ["a.png", "b.png"], "patient_id": ["1", "2"], **columns})
    return convert(raw, source)


def test_fields_of_several_sources_are_one_table():
    one = reading("one", ward=["A", "?"], dose=["1,5", "2,25"], room=["1", "2"])
    two = reading("two", dose=["7", ""], room=["1a", "3"])
    both = type_fields(combine([one, two]))
    rows = both.rows.set_index("image_id")
    assert list(rows.columns[-3:]) == ["dose", "room", "ward"]
    assert rows["dose"].fillna(-1).tolist() == [1.5, 2.25, 7, -1]
    assert rows["room"].tolist() == ["1", "2", "1a", "3"]
    assert rows["ward"].fillna("").tolist() == ["A", "", "", ""]
    spellings = both.spellings.set_index(["source", "column", "text"])["value"]
    assert spellings["one", "dose", "1,5"] == 1.5
    counts = both.summary.set_index(["source", "column"])
    assert counts.loc[("two", "dose"), ["normalised", "unparsed", "missing"]].tolist() == [1, 0, 1]
    assert ("two", "ward") not in counts.index
