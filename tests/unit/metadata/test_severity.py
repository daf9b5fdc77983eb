"""Severity is a grade that the text states of the patient, or none."""

import pytest

from cxr.metadata.severity import severity


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


@pytest.mark.timeout(10)
@pytest.mark.parametrize("text", ["mild to ", "not mild cases "])
def test_a_long_text_takes_no_long_time(text):
    assert severity(text * 20_000) is None
