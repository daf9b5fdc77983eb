"""Texts become the shared vocabulary or null, and nothing is guessed."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.core.errors import InputError
from cxr.metadata import dates, normalise
from cxr.metadata.countries import country
from cxr.metadata.schema import SCHEMA, Reading, combine, rejections, require_rows
from cxr.metadata.severity import severity

LOCATIONS = {
    "Cho Ray Hospital, Ho Chi Minh City, Vietnam": "Vietnam",
    "Italy": "Italy",
    "Riccione, Italy ": "Italy",
    "Ospedale Santo Spirito. Rome, Italy": "Italy",
    "Nottingham, United Kingdom ": "United Kingdom",
    "Snohomish County, Washington, USA": "United States",
    "Orange, California, USA": "United States",
    "Myongji Hospital, Goyang, Korea": "South Korea",
    "Taiwan ": "Taiwan",
    "Taoyuan General Hospital, Taoyuan, Taiwan": "Taiwan",
    "Macao, China": "Macao",
    "Hong Kong": "Hong Kong",
    "Prince of Wales Hospital, Hong Kong, China": "Hong Kong",
    "Prince of Wales Hospital, Chinese University of Hong Kong, China": "Hong Kong",
    "Hospital of Wuhan University, Wuhan, China": "China",
    "Jiangxi Provincial People's Hospital, Nanchang, China": "China",
    "Wuhan": "China",
    "Thanh Hóa, Vietnam": "Vietnam",
    "Zahedan, Iran": "Iran",
    "Cairo, Egypt": "Egypt",
    "Laniado Hospital, Netanya, Israel": "Israel",
    "Georgia Medical Center": None,
    "Hospital": None,
    "Atlanta, Georgia, USA": "United States",
    "": None,
    "?": None,
}


@pytest.mark.parametrize(("location", "expected"), LOCATIONS.items())
def test_the_country_is_what_a_reader_would_say(location, expected):
    assert country(location) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020", "2020"),
        ("January 22, 2020", "2020-01-22"),
        ("Feb 17, 2020", "2020-02-17"),
        ("Mar 4, 2020", "2020-03-04"),
        ("Sept 4, 2020", "2020-09-04"),
        ("12 March 2020", "2020-03-12"),
        ("19-Jan-20", "2020-01-19"),
        ("March 2003", "2003-03"),
        ("2/29/2020", "2020-02-29"),
        ("03/16/20", "2020-03-16"),
        ("16/03/2020", "2020-03-16"),
        ("3/3/2020", "2020-03-03"),
        ("3/7/2020", "2020"),
        ("01/13/20", "2020-01-13"),
        ("2020-03-04", "2020-03-04"),
        ("January 12", None),
        ("30/30/2020", None),
        ("2/30/2020", None),
        ("0/5/2020", None),
        ("0301-01-01", None),
        ("soon", None),
    ],
)
def test_dates_keep_the_precision_that_the_text_gives(text, expected):
    assert dates.date(text) == expected


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
    once = function(text)
    assert once is None or (isinstance(once, str) and once.strip() and function(once) == once)


@given(st.one_of(st.text(), st.floats(), st.integers()))
def test_numbers_stay_in_their_range_or_are_null(value):
    age = normalise.age_years(value)
    assert age is None or 0 <= age <= 120


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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Severe ", "severe"),
        ("Serious Conditions Infected With NCP", "severe"),
        ("mild NCP patients", "mild"),
        ("light", "mild"),
        ("critically ill patients", "critical"),
        ("Severe case: viral RNAs were not detected", "severe"),
        ("severe coughing and dyspnea", None),
        ("mild lymphopenia was observed", None),
        ("from a mild case to a severe case", None),
        ("mild to moderate disease", None),
        ("mild or severe group", None),
        ("severe, critical illness", None),
        ("non-severe patients", None),
        ("no severe cases", None),
        ("not severe disease", None),
        ("less severe disease", None),
        ("Non\u2013severe patients", None),
        ("non\u2011severe patients", None),
        ("not in a severe condition", None),
        ("without signs of severe pneumonia", None),
        ("did not develop severe disease", None),
        ("no or mild disease", None),
        ("didn\u2019t develop severe disease", None),
        ("absence of severe disease", None),
        ("denied severe disease", None),
        ("no fever, dyspnea or severe pneumonia", None),
        ("no fever. Severe pneumonia", "severe"),
        ("not intubated but severe pneumonia", "severe"),
        ("patient with no history of disease (severe case)", "severe"),
        ("non-smoker with severe pneumonia", "severe"),
        ("Patient No. 5 with severe pneumonia", "severe"),
        ("was not intubated: mild case", "mild"),
        ("same as above", None),
        (None, None),
    ],
)
def test_severity_is_a_grade_that_the_text_states_of_the_patient(text, expected):
    assert severity(text) == expected
