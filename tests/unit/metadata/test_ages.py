"""Ages are years, of whatever unit and form the text has."""

import pytest

from cxr.metadata.ages import age_years

AGES = {
    "65.0": 65,
    "65,12345678901": 65.12345678901,
    "0.30000000000000004": 0.30000000000000004,
    "058Y": 58,
    "006M": 0.5,
    "045M": 3.75,
    "6M": 0.5,
    "18 months": 1.5,
    "3 weeks": 21 / 365.25,
    "010D": 10 / 365.25,
    "2 years 6 months": 2.5,
    "1y6m": 1.5,
    "45-year-old": 45,
    "45 y/o": 45,
    "50+": 50,
    "50 years and older": 50,
    ">89": 89,
    "40-50": 45,
    "40\u201350 years": 45,
    "60s": 64.5,
    "[40,50)": 45,
    "(40, 50]": 45,
    "age 45": 45,
    "45 (years)": 45,
    "58 Jahre": 58,
    "70 plus": 70,
    "6-12 months": 0.75,
    "45M": None,
    "45F": None,
    "<1": None,
    "50-40": None,
    "130": None,
    "999Y": None,
    "-3": None,
    "Young Child": None,
    "85+ years": 85,
    "6+ months": 0.5,
    "18 Monate": 1.5,
    "6 mois": 0.5,
    "3 Wochen": 3 * 7 / 365.25,
    "45 \u043b\u0435\u0442": 45,
    "45\u5c81": 45,
}


@pytest.mark.parametrize(("text", "expected"), AGES.items())
def test_an_age_is_in_years_whatever_unit_and_form_it_has(text, expected):
    assert age_years(text) == (None if expected is None else pytest.approx(expected, rel=1e-15))


@pytest.mark.timeout(5)
def test_a_long_text_is_no_age():
    assert age_years("- " * 100_000) is None
