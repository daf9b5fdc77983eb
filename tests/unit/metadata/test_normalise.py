"""Texts become the shared vocabulary or null, and nothing is guessed."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.metadata import dates, normalise
from cxr.metadata.ages import age_years
from cxr.metadata.countries import country, country_of_place
from cxr.metadata.findings import finding
from cxr.metadata.severity import severity


@pytest.fixture(scope="module", autouse=True)
def _names_of_countries():
    """They are read once, which takes longer than hypothesis allows an example."""
    country("Nowhere, XX")


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
        (normalise.offset_days, "-360", -360.0),
        (normalise.offset_days, "?", None),
        (normalise.offset_days, "Day 5", 5.0),
        (normalise.offset_days, "\u22123 days", -3.0),
        (normalise.offset_days, "2.5e1", 25.0),
        (normalise.sex, "Woman", "F"),
        (normalise.sex, "1", None),
        (normalise.yes_no, "TRUE", "yes"),
        (normalise.yes_no, "0.0", "no"),
        (normalise.yes_no, "WAHR", "yes"),
        (normalise.yes_no, "FAUX", "no"),
        (normalise.sex, "M\u00e4nnlich", "M"),
        (normalise.yes_no, "maybe", None),
        (normalise.survival, "Deceased", "no"),
        (normalise.survival, "alive", "yes"),
        (normalise.survival, "f", "no"),
        (normalise.intubated, "Not intubated", "no"),
        (normalise.tidy, "#N/A", None),
        (normalise.tidy, "\\N", None),
        (normalise.tidy, " a\u00a0 b\u200e\n", "a b"),
        (normalise.tidy, pd.NaT, None),
        (normalise.tidy, pd.Timestamp("2020-03-16 14:30"), "2020-03-16"),
    ],
)
def test_single_values(function, text, expected):
    assert function(text) == expected


IDEMPOTENT = [
    normalise.view,
    normalise.modality,
    normalise.sex,
    normalise.tidy,
    finding,
    dates.date,
    country,
]
OTHERS = [
    normalise.yes_no,
    normalise.survival,
    normalise.intubated,
    normalise.offset_days,
    normalise.location,
    normalise.doi,
    age_years,
    country_of_place,
    severity,
]
# What parsers look for, in every order: plain text of hypothesis hardly ever has it.
PIECES = (
    *(
        "COVID-19",
        "pneumonia",
        "Foo",
        "no",
        "not",
        "non-",
        "negative",
        "without",
        "with",
        "and",
        "or",
    ),
    *("but", "/", ",", ";", "|", "[", "]", "'", "(", ")", "+", "-", ".", ":", "normal", "Unknown"),
    *("n/a", "AP", "PA", "lateral", "supine", "semi", "erect", "ct", "x-ray", "2020", "03", "16"),
    *("7", "43906", "mar", "10:22", "Z", "50", "058Y", "6M", "weeks", "years", "s", "Georgia"),
    *("USA", "IN", "Peru", "30303"),
)
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)


@given(st.sampled_from(IDEMPOTENT), TEXTS)
def test_any_text_is_survived_and_its_result_stays_the_same(function, text):
    result = function(text)
    assert result is None or (
        isinstance(result, str) and result.strip() and function(result) == result
    )


@given(st.sampled_from(OTHERS), TEXTS)
def test_every_text_is_read_alike_twice_or_not_at_all(function, text):
    assert repr(function(text)) == repr(function(text))


@given(st.lists(st.none() | TEXTS), st.sampled_from([None, "day-first", "month-first"]))
def test_no_column_makes_the_reading_of_dates_raise(texts, order):
    column = dates.read_column(texts, order)
    assert len(column.values) == len(column.ambiguous) == len(texts)


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_numbers_stay_in_their_range_or_are_null(value):
    age = age_years(value)
    assert age is None or 0 <= age <= 120


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m\u00e4nnlich", "M"),
        ("Mulher", "F"),
        ("ni\u00f1a", "F"),
        ("masc.", "M"),
        ("\u0436", "F"),
        ("\u7537", "M"),
        ("1", None),
        ("H", None),
        ("O", None),
    ],
)
def test_a_sex_may_be_a_word_of_another_language_and_no_code(text, expected):
    assert normalise.sex(text) == expected
