"""The first screen answers the study's question, and speaks of variants where it asks for them."""

import pytest

from cxr.config.catalogue.questions import QUESTION
from cxr.report.answer import answer, limit_of, question_of, support
from tests.helpers.report_models import evidence_of, field_row, model_of

VARIANTS = "Do the clusters follow countries, as variants of the virus would?"


@pytest.mark.parametrize(
    ("model", "first", "second", "style"),
    [
        (
            model_of(evidence_of(p=0.35), [field_row("country", 0.12, 0.4)]),
            "No: the 3 candidate clusters are consistent with chance (p = 0.350).",
            "As candidates they do not follow countries (Cramér's V 0.12, q = 0.400), and no other "
            "recorded field could be tested.",
            "none",
        ),
        (
            model_of(
                evidence_of(p=0.005),
                [field_row("country", 0.2, 0.4), field_row("view", 0.8, 0.001)],
            ),
            "Yes: the images fall into 3 clusters that are beyond chance (p = 0.005) and stable.",
            "They do not follow countries (Cramér's V 0.20, q = 0.400), but they follow view "
            "(Cramér's V 0.80, q = 0.001), enough to explain them.",
            "clusters",
        ),
        (
            model_of(
                evidence_of(p=0.005),
                [field_row("country", 0.3, 0.01), field_row("view", 0.4, 0.001)],
            ),
            "Yes: the images fall into 3 clusters that are beyond chance (p = 0.005) and stable.",
            "They follow countries (Cramér's V 0.30, q = 0.010), and they go with view most "
            "(Cramér's V 0.40, q = 0.001), less than the 0.5 that would explain them.",
            "clusters",
        ),
        (
            model_of(evidence_of(verdict="inconclusive: unstable"), [field_row("sex", 0.1, 0.9)]),
            "Inconclusive: of the 3 candidate clusters, unstable (p = 0.005).",
            "Whether they follow countries can't be told, since too few are recorded; sex, the one "
            "recorded field, is not associated with them.",
            "open",
        ),
        (
            model_of(None, None),
            "Open: whether the 3 candidate clusters are beyond chance was not tested (no null "
            "simulations).",
            "What they follow was not tested.",
            "open",
        ),
        (
            model_of(None, None, clusters=0),
            "No clusters: no cell of the parameter grid has a usable number of them.",
            "",
            "open",
        ),
    ],
)
def test_the_answer_is_two_sentences(model, first, second, style):
    found = answer(model, QUESTION)
    assert found["first"] == first
    assert found["second"] == second
    assert found["style"] == style


def test_a_study_of_something_else_speaks_of_its_own_fields():
    model = model_of(evidence_of(), [field_row("country", 0.3, 0.01), field_row("view", 0.4, 0.01)])
    second = answer(model, "Do nodules fall into clusters?")["second"]
    assert second.startswith("They go with view most")
    assert "virus" not in limit_of("Do nodules fall into clusters?", "a radiograph")
    assert "a radiograph shows" in limit_of(VARIANTS, "a radiograph")
    assert "countries" not in question_of(QUESTION, countries=False)
    assert question_of(VARIANTS, countries=False) == VARIANTS


def test_clusters_that_are_not_supported_are_candidates():
    chance = support(model_of(evidence_of(p=0.35), []))
    assert (chance["supported"], chance["n"], chance["candidates"]) == (False, 0, 3)
    assert chance["words"] == "not supported, p = 0.350"
    beyond = support(model_of(evidence_of(), []))
    assert (beyond["supported"], beyond["n"], beyond["words"]) == (True, 3, "")
