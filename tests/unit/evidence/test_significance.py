"""P values count the search among its simulations, and are exact where nothing is there."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence.search import SearchResult
from cxr.evidence.significance import compare_with_null


def found(balance_score, dbcv):
    """What a search with these best scores returns."""
    return SearchResult(balance_score, dbcv, 5.0, 0.4, 5, np.zeros(9, int), np.zeros((9, 2)))


def nulls(balance_score, dbcv):
    return pd.DataFrame({"balance_score": balance_score, "dbcv": dbcv}, dtype="float64")


def test_of_ninety_nine_simulations_none_as_good_is_one_in_a_hundred():
    result = compare_with_null(found(10, 0.9), nulls(range(11, 110), np.linspace(0, 0.8, 99)))
    assert result["replicates"] == 99
    assert result["balance_score"]["p"] == result["dbcv"]["p"] == 0.01
    assert result["p"] == 0.02, "two statistics, adjusted by Bonferroni"
    assert result["balance_score"]["reached"] == 0
    assert result["balance_score"]["median"] == 60
    assert result["dbcv"]["observed"] == 0.9


def test_the_p_value_is_uniform_over_the_ranks_of_the_search():
    """Where the search is like its simulations each of its ranks is equally likely."""
    scores = np.arange(20.0)
    p = []
    for place in range(20):
        others = np.delete(scores, place)
        result = compare_with_null(found(scores[place], -scores[place]), nulls(others, -others))
        assert result["balance_score"]["p"] == result["dbcv"]["p"]
        p.append(result["balance_score"]["p"])
    np.testing.assert_allclose(p, np.arange(1, 21) / 20)


def test_lower_balance_scores_and_higher_dbcv_are_as_good_equal_ones_too():
    result = compare_with_null(found(10, 0.5), nulls([9, 10, 11, 12], [0.4, 0.4, 0.5, 0.6]))
    assert result["balance_score"]["reached"] == 2
    assert result["dbcv"]["reached"] == 2
    assert result["balance_score"]["p"] == pytest.approx(3 / 5)
    assert result["p"] == 1, "no p value is above 1"


def test_the_smaller_p_value_decides_whichever_statistic_has_it():
    better_balance = compare_with_null(found(1, 0.0), nulls([5] * 39, [0.5] * 39))
    better_dbcv = compare_with_null(found(9, 0.9), nulls([5] * 39, [0.5] * 39))
    assert better_balance["p"] == better_dbcv["p"] == pytest.approx(2 / 40)


def test_a_search_without_a_usable_cell_has_no_value_and_no_small_p():
    result = compare_with_null(found(np.inf, -np.inf), nulls([5, np.inf], [0.1, -np.inf]))
    assert result["p"] == 1
    assert result["balance_score"] == {"observed": None, "median": None, "reached": 2, "p": 1.0}
    assert result["dbcv"]["observed"] is None
