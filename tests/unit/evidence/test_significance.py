"""P values count the search among its simulations, and are exact where nothing is there."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence.search import SearchResult
from cxr.evidence.significance import compare_with_null


def found(agreement, balance_score, n_clusters=2):
    """What a search with these best values returns."""
    labels = np.arange(9) % n_clusters if n_clusters else np.full(9, -1)
    return SearchResult(agreement, balance_score, 5.0, 0.4, 5, labels, np.zeros((9, 2)))


def nulls(agreement, balance_score):
    return pd.DataFrame({"agreement": agreement, "balance_score": balance_score}, dtype="float64")


def test_of_ninety_nine_simulations_none_as_good_is_one_in_a_hundred():
    result = compare_with_null(found(0.9, 10), nulls(np.linspace(0, 0.8, 99), range(11, 110)))
    assert result["replicates"] == 99
    assert result["p"] == result["agreement"]["p"] == result["balance_score"]["p"] == 0.01
    assert result["balance_score"]["reached"] == 0
    assert result["balance_score"]["median"] == 60
    assert result["agreement"]["observed"] == 0.9


def test_the_p_value_is_uniform_over_the_ranks_of_the_search():
    """Where the search is like its simulations each of its ranks is equally likely."""
    scores = np.arange(20.0)
    p = []
    for place in range(20):
        others = np.delete(scores, place)
        result = compare_with_null(found(-scores[place], scores[place]), nulls(-others, others))
        assert result["agreement"]["p"] == result["balance_score"]["p"]
        p.append(result["p"])
    np.testing.assert_allclose(p, np.arange(1, 21) / 20)


def test_higher_agreement_and_lower_balance_scores_are_as_good_equal_ones_too():
    result = compare_with_null(found(0.5, 10), nulls([0.4, 0.4, 0.5, 0.6], [9, 10, 11, 12]))
    assert result["agreement"]["reached"] == 2
    assert result["balance_score"]["reached"] == 2
    assert result["p"] == pytest.approx(3 / 5)


def test_the_agreement_decides_whatever_the_balance():
    balanced = compare_with_null(found(0.1, 1), nulls([0.5] * 39, [5] * 39))
    agreed = compare_with_null(found(0.9, 9), nulls([0.5] * 39, [5] * 39))
    assert (balanced["p"], agreed["p"]) == (1, pytest.approx(1 / 40))


def test_a_search_without_a_usable_cell_has_no_value_and_no_small_p():
    result = compare_with_null(found(0.0, np.inf, 0), nulls([0.1, 0.0], [5, np.inf]))
    assert result["p"] == 1
    assert result["balance_score"] == {"observed": None, "median": None, "reached": 2, "p": 1.0}
    assert result["agreement"]["observed"] is None
