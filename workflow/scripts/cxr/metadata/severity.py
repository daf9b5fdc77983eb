"""The severity of a patient's disease, as texts state it."""

import re

from cxr.metadata.normalise import number, tidy

# Grades of severity, from none to the greatest, and the words for them.
SEVERITIES = ("asymptomatic", "mild", "moderate", "severe", "critical")
GRADES = {
    **{name: name for name in SEVERITIES},
    "light": "mild",
    "serious": "severe",
    "critically ill": "critical",
}
_GRADE = f"({'|'.join(sorted(GRADES, key=len, reverse=True))})"
_SUBJECT = "patients?|cases?|pneumonia|ncp|covid-19|conditions?|illness|disease|group|type"
# One grade or several ("mild to moderate"), followed by what they describe.
_STATED = re.compile(
    rf"\b(?P<grades>{_GRADE}(?:\s*(?:,|/|-|\bto\b|\bor\b|\band\b)\s*{_GRADE}){{0,4}})"
    rf"\s+(?:{_SUBJECT})\b"
)
# Negations of a grade that comes later in the same sentence.
_NEGATED = re.compile(
    r"\bnon[\s-]+$|\b(?:no(?!\.?\s*\d)|not|\w+n['\u2019]t|nor|never|less|without|absence|denie[ds])\b"
    r"(?:(?!\bbut\b)[^.:;(])*$"
)
LONGEST = 10_000  # characters that are read
SENTENCE = 500  # of these before a grade, where a negation may be
_DASHES = re.compile("[\u2010-\u2015\u2212]")


def severity(text: object) -> str | None:
    """asymptomatic, mild, moderate, severe, critical, or None.

    A grade counts where it is the whole text or describes the patient or the
    disease ("mild NCP patients", "severe case: ..."); "severe cough" and "non-severe
    patients" are none, and a text with two grades ("mild to moderate disease") is None.
    So is one with a negation earlier in the sentence, whatever it negates: a gap is
    better than a wrong grade.
    """
    clean = _DASHES.sub("-", tidy(text) or "").casefold()
    if clean in GRADES:
        return GRADES[clean]
    grades = {
        GRADES[grade]
        for stated in _STATED.finditer(clean)
        if not _NEGATED.search(clean[max(0, stated.start() - SENTENCE) : stated.start()])
        for grade in re.findall(_GRADE, stated["grades"])
    }
    return grades.pop() if len(grades) == 1 else None


def extent_score(text: object) -> float | None:
    """A score of the opacities' geographic extent, 0 to 8, or None."""
    return number(text, 0, 8)


def opacity_score(text: object) -> float | None:
    """A score of the degree of opacity, 0 to 6, or None."""
    return number(text, 0, 6)
