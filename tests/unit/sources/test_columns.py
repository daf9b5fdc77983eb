"""A column is found however its name is written, or the ones like it are named."""

import pytest

from cxr.sources.columns import find_column, no_column


@pytest.mark.parametrize(
    ("name", "names", "found"),
    [
        ("Age", ["age", "Age"], "Age"),
        ("AGE", ["age", "Age"], None),
        ("patient id", ["PatientID", "age"], "PatientID"),
        ("größe", ["GRO\u0308SSE"], "GRO\u0308SSE"),
        ("image", ["\u200bimage\xa0"], "\u200bimage\xa0"),
        ("patient_id", ["patientid"], None),
    ],
)
def test_case_and_white_space_do_not_count_where_one_column_fits(name, names, found):
    assert find_column(name, names) == found


def test_the_names_like_it_are_told():
    said = no_column("patient_id", ["image", "patientid"])
    assert said == (
        "no column 'patient_id' (did you mean 'patientid'?); its columns are image, patientid"
    )
    assert "did you mean 'age' or 'Age'" in no_column("AGE", ["age", "Age"])
    assert "mean" not in no_column("sex", ["image"])
