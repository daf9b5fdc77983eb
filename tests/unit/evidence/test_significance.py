"""P values count the search among its simulations, and are exact where nothing is there."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence.search import SearchResult
from cxr.evidence.significance import compare_with_null

NAMES = ("consensus", "agreement", "balance_score", "dbcv")


def found(consensus, agreement=0.5, balance_score=10, dbcv=0.5, n_clusters=2):
    """What a search with these best values returns."""
    labels = np.arange(9) % n_clusters if n_clusters else np.full(9, -1)
    best = consensus, agreement, balance_score, dbcv
    return SearchResult(*best, 5.0, 0.4, 5, labels, np.zeros((9, 2)))


def nulls(consensus, agreement=0.4, balance_score=20, dbcv=0.4):
    values = consensus, agreement, balance_score, dbcv
    table = pd.DataFrame(dict(zip(NAMES, values, strict=True)), dtype="float64")
    return table.assign(replicate=range(1, len(table) + 1), sample=0)


def test_of_ninety_nine_simulations_none_as_good_is_one_in_a_hundred():
    result = compare_with_null([found(0.9)], nulls(np.linspace(0, 0.8, 99)))
    assert result["replicates"] == 99
    assert [result[name]["p"] for name in NAMES] == [0.01] * 4
    assert result["p"] == 0.01
    assert result["consensus"]["reached"] == 0
    assert result["consensus"]["median"] == pytest.approx(0.4)
    assert result["consensus"]["observed"] == 0.9


def test_the_p_value_is_uniform_over_the_ranks_of_the_search():
    """Where the search is like its simulations each of its ranks is equally likely."""
    scores = np.arange(20.0)
    p = []
    for place in range(20):
        others = np.delete(scores, place)
        searched = found(scores[place], scores[place], -scores[place], scores[place])
        result = compare_with_null([searched], nulls(others, others, -others, others))
        values = {result[name]["p"] for name in NAMES}
        assert len(values) == 1
        p += values
    np.testing.assert_allclose(sorted(p), np.arange(1, 21) / 20)


def test_equal_ones_are_as_good_too():
    null = nulls([0.5, 0.6, 0.7, 0.8], [0.5, 0.6, 0.7, 0.8], [9, 10, 11, 12], [0.4, 0.4, 0.5, 0.6])
    result = compare_with_null([found(0.6, 0.6, 10, 0.5)], null)
    assert {name: result[name]["reached"] for name in NAMES} == {
        "consensus": 3,
        "agreement": 3,
        "balance_score": 2,
        "dbcv": 2,
    }
    assert result["p"] == result["consensus"]["p"] == pytest.approx(4 / 5)


def test_the_consensus_decides_and_the_others_stand_beside():
    result = compare_with_null([found(0.1, 0.9, 1, 0.9)], nulls([0.5] * 39))
    assert [result[name]["p"] for name in NAMES] == pytest.approx([1, 1 / 40, 1 / 40, 1 / 40])
    assert result["p"] == 1


def test_a_search_without_a_usable_cell_has_no_value_and_no_small_p():
    nothing = found(-np.inf, 0.0, np.inf, -np.inf, n_clusters=0)
    result = compare_with_null(
        [nothing], nulls([0.1, -np.inf], [0.1, 0], [5, np.inf], [0.1, -np.inf])
    )
    assert result["p"] == 1
    assert result["balance_score"] == {"observed": None, "median": None, "reached": 2, "p": 1.0}
    assert [result[name]["observed"] for name in NAMES] == [None] * 4


def test_of_several_samples_each_statistic_is_the_median_in_simulations_too():
    searched = [found(0.2, 0.1, 10, 0.2), found(0.4, 0.9, 30, 0.4), found(0.9, 0.8, 20, 0.9)]
    null = pd.DataFrame(
        [
            (1, 0, 0.1, 0.2, 99, 0.1),
            (1, 1, 0.2, 0.8, 20, 0.2),
            (1, 2, 0.3, 0.9, 5, 0.3),
            (2, 0, 0.8, 0.9, 25, 0.8),
            (2, 1, 0.4, 0.1, 5, 0.4),
            (2, 2, 0.1, 0.2, 25, 0.1),
        ],
        columns=["replicate", "sample", *NAMES],
    )
    result = compare_with_null(searched, null)
    assert result["replicates"] == 2
    assert [result[name]["observed"] for name in NAMES] == [0.4, 0.8, 20, 0.4]
    assert result["balance_score"]["median"] == 22.5
    # At least as good: 20 of (20, 25); 0.4 of (0.2, 0.4); 0.8 of (0.8, 0.2).
    for name in NAMES:
        assert (result[name]["reached"], result[name]["p"]) == (1, pytest.approx(2 / 3))


def test_most_samples_without_a_usable_cell_have_no_value():
    nothing, null = found(-np.inf, 0.0, np.inf, -np.inf, n_clusters=0), nulls([0.1])
    few = compare_with_null([nothing, nothing, found(0.9)], null)
    most = compare_with_null([nothing, found(0.9), found(0.8)], null)
    assert (few["consensus"]["observed"], most["consensus"]["observed"]) == (None, 0.8)
