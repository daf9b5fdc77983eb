"""A finding is terms in one spelling, whoever wrote it, and never the opposite of its text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxr.metadata.findings import finding, keys, terms, unlisted
from cxr.metadata.vocabulary import KINDS, OTHER_WORDS, TERMS

FINDINGS = {
    "COVID-19": "COVID-19",
    "COVID-19, ARDS": "COVID-19, ARDS",
    "SARS-CoV-2": "COVID-19",
    "covid_19": "COVID-19",
    "COVID-19 positive": "COVID-19",
    "COVID+ve": "COVID-19",
    "Pneumonia/Viral/COVID-19": "COVID-19",
    "Pneumonia/Viral": "viral pneumonia",
    "Pneumonia\\Viral\\COVID-19": "COVID-19",
    "Pneumonia > Viral > COVID-19": "COVID-19",
    "Pneumonia (viral)": "viral pneumonia",
    "COVID-19\nARDS": "COVID-19, ARDS",
    "Pneumonia/Bacterial/Foo": "Foo",
    "No Finding": "No finding",
    "NORMAL": "No finding",
    "Bacterial pneumonia": "bacterial pneumonia",
    "Pnemonia": "pneumonia",
    "E.Coli": "Escherichia coli",
    "Streptococcus ": "Streptococcus",
    "Pleural_Thickening": "Pleural thickening",
    "Pleural effusion": "Effusion",
    "Pneumonia|Infiltration": "pneumonia, Infiltration",
    "COVID-19; ARDS": "COVID-19, ARDS",
    "COVID-19 and ARDS": "COVID-19, ARDS",
    "Effusion/Mass": "Effusion, Mass",
    "viral/bacterial pneumonia": "viral/bacterial pneumonia",
    "grade B-": "grade B-",
    "Nodule/Mass": "Nodule/Mass",
    "No Lung Opacity / Not Normal": "No Lung Opacity / Not Normal",
    "Group A/Group B": "Group A/Group B",
    "['pneumonia', 'effusion']": "pneumonia, Effusion",
    "['pneumonia' 'effusion']": "pneumonia, Effusion",
    "('pneumonia', 'effusion')": "pneumonia, Effusion",
    '["no pneumonia", "effusion"]': "Effusion, no pneumonia",
    "pneumonia?": "pneumonia?",
    "suspected COVID-19": "suspected COVID-19",
    "r/o pneumonia": "r/o pneumonia",
    "n/a": None,
    "[]": None,
    "todo": None,
    "Unknown": None,
}
ABSENT = {
    "no pneumonia": "no pneumonia",
    "Negative for Pneumonia": "no pneumonia",
    "w/o pneumonia": "no pneumonia",
    "COVID-19 negative": "no COVID-19",
    "COVID-19 (negative)": "no COVID-19",
    "COVID-19: negative": "no COVID-19",
    "COVID-19/negative": "no COVID-19",
    "COVID-19, negative": "no COVID-19",
    "COVID -ve": "no COVID-19",
    "COVID-": "no COVID-19",
    "COVID-19 \u2212": "no COVID-19",
    "negative COVID-19": "no COVID-19",
    "COVID-19 was excluded": "no COVID-19",
    "COVID negative pneumonia": "non-COVID-19 pneumonia",
    "not COVID": "no COVID-19",
    "NonCOVID": "no COVID-19",
    "Non-COVID pneumonia": "non-COVID-19 pneumonia",
    "no pneumonia/effusion": "no pneumonia, no Effusion",
    "Negative for pneumonia, effusion": "no pneumonia, no Effusion",
    "no evidence of edema, mass, or nodule": "no Edema, no Mass, no Nodule",
    "no effusion; pneumonia": "pneumonia, no Effusion",
    "no effusion, but pneumonia": "pneumonia, no Effusion",
    "not normal": "abnormal",
}


@pytest.mark.parametrize(("text", "expected"), FINDINGS.items())
def test_findings_are_terms_in_one_spelling(text, expected):
    assert finding(text) == expected


@pytest.mark.parametrize(("text", "expected"), ABSENT.items())
def test_what_a_text_denies_is_never_its_term(text, expected):
    assert finding(text) == expected


def test_spellings_differ_in_case_spaces_hyphens_and_underscores_alone():
    assert keys("Ground-Glass_nodule x") == keys("ground glass nodule-x")
    assert keys("grade 1.5") != keys("grade 15")
    assert keys("-1") != keys("1")


@given(st.text())
def test_a_word_of_the_table_matches_what_became_of_it(text):
    assert keys(text) == keys(finding(text))


def test_a_number_is_a_finding_however_a_program_writes_it():
    assert keys("1.0") == keys("1") != keys("10")


def test_terms_of_no_vocabulary_are_kept_and_can_be_told():
    assert terms("Foo_bar, pneumonia, no Baz") == ["Foo_bar", "pneumonia", "no Baz"]
    assert unlisted("Foo_bar, pneumonia, no Baz, no effusion") == ["Foo_bar", "no Baz"]


def test_every_word_of_the_vocabulary_is_read_as_its_term():
    listed = {term for names in TERMS.values() for term in names}
    assert set(OTHER_WORDS) | set(KINDS.values()) <= listed
    for term in listed:
        assert finding(term) == term
    for term, words in OTHER_WORDS.items():
        assert {finding(word) for word in words} == {term}


@pytest.mark.parametrize("text", ["a/b", "no ", "x(- ", "1 year ", "a, "])
def test_prose_takes_no_longer_than_terms(text):
    begin = time.perf_counter()
    assert finding(text * 8000) is not None
    assert time.perf_counter() - begin < 10
