"""Texts become the shared vocabulary or null, and nothing is guessed."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.metadata import dates, normalise
from cxr.metadata.countries import country


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COVID-19", "COVID-19"),
        ("COVID-19, ARDS", "COVID-19, ARDS"),
        ("SARS-CoV-2", "COVID-19"),
        ("Pneumonia/Viral/COVID-19", "COVID-19"),
        ("No Finding", "No finding"),
        ("Bacterial pneumonia", "bacterial pneumonia"),
        ("E.Coli", "Escherichia coli"),
        ("Streptococcus ", "Streptococcus"),
        ("todo", None),
        ("Unknown", None),
    ],
)
def test_findings_are_terms_in_one_spelling(text, expected):
    assert normalise.finding(text) == expected


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        (normalise.view, "AP Supine ", "AP Supine"),
        (normalise.view, "AP semi erect", "AP Semi Erect"),
        (normalise.view, "Coronal CT", "Coronal"),
        (normalise.view, "X-ray", None),
        (normalise.view, "?", None),
        (normalise.modality, "X-ray", "X-ray"),
        (normalise.modality, "March 2003", None),
        (normalise.sex, "W", "F"),
        (normalise.sex, "?", None),
        (normalise.sex, "23", None),
        (normalise.age_years, "65.0", 65.0),
        (normalise.age_years, "40+", None),
        (normalise.age_years, "130", None),
        (normalise.age_years, "0.30000000000000004", 0.30000000000000004),
        (normalise.age_years, "65,12345678901", 65.12345678901),
        (normalise.offset_days, "-360", -360.0),
        (normalise.offset_days, "?", None),
        (normalise.tidy, " a\u00a0 b\u200e\n", "a b"),
        (normalise.tidy, pd.NaT, None),
        (normalise.tidy, pd.Timestamp("2020-03-16 14:30"), "2020-03-16"),
    ],
)
def test_single_values(function, text, expected):
    assert function(text) == expected


NORMALISERS = [
    normalise.view,
    normalise.modality,
    normalise.sex,
    normalise.finding,
    dates.date,
    normalise.tidy,
    country,
]


@given(st.sampled_from(NORMALISERS), st.text())
def test_any_text_is_survived_and_its_result_stays_the_same(function, text):
    result = function(text)
    assert result is None or (
        isinstance(result, str) and result.strip() and function(result) == result
    )


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_numbers_stay_in_their_range_or_are_null(value):
    age = normalise.age_years(value)
    assert age is None or 0 <= age <= 120
