"""Findings of the evidence in words."""

import pytest

from cxr.report.formatting import cluster_numbers, estimate, survival


def row(**changes):
    numbers = {"adjusted_rand": 0.12, "adjusted_rand_before": 0.9, "survives": False}
    return {"field": "doi", "levels": 3, "n_clusters": 4, **numbers, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "finds 4 clusters, agreement with the study's 0.12 (adjusted Rand index): the"),
        ({}, "the clusters do not survive."),
        ({"adjusted_rand": 0.8, "survives": True}, "0.80 (adjusted Rand index): the clusters s"),
        ({"n_clusters": 0}, "the search finds no clusters, agreement"),
        ({"adjusted_rand_before": 0.3, "survives": None}, "agrees by 0.30 alone: undecided."),
    ],
)
def test_whether_clusters_survive_is_a_sentence(changes, words):
    sentence = survival(row(**changes))
    assert sentence.startswith("Without what publication explains (taken out by ComBat)")
    assert words in sentence


def test_clusters_have_the_numbers_of_the_page():
    assert cluster_numbers([0, 2]) == "1, 3"


def test_a_limit_just_below_zero_has_no_sign():
    assert estimate({"value": 0.1, "low": -1e-9, "high": 0.2}) == "0.100 (0.000 to 0.200)"
