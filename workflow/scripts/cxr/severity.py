"""How ill a patient is, as texts state it."""

import re

from cxr.metadata import tidy

# Grades of severity, from none to the greatest, and the words for them.
SEVERITIES = ("asymptomatic", "mild", "moderate", "severe", "critical")
GRADES = {
    **{name: name for name in SEVERITIES},
    "light": "mild",
    "serious": "severe",
    "critically ill": "critical",
}
_GRADE = f"({'|'.join(sorted(GRADES, key=len, reverse=True))})"
_GRADED = "patients?|cases?|pneumonia|ncp|covid-19|conditions?|illness|disease|group|type"


def severity(text: object) -> str | None:
    """asymptomatic, mild, moderate, severe, critical, or None.

    A grade counts where it is the whole text or is said of the patient or the
    disease ("mild NCP patients", "severe case: ..."); "severe cough" is none, and a
    text with two grades is None.
    """
    clean = (tidy(text) or "").casefold()
    found = {
        GRADES[alone or of]
        for alone, of in re.findall(
            rf"^{_GRADE}$|\b{_GRADE}\s+(?:{_GRADED})\b", clean, re.IGNORECASE
        )
    }
    return found.pop() if len(found) == 1 else None
