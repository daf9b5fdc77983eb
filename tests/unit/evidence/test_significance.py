"""P values count the search among its simulations, and are exact where nothing is there."""

import numpy as np
import pandas as pd
import pytest

from cxr.evidence.search import SearchResult
from cxr.evidence.significance import compare_with_null


def found(balance_score, dbcv, agreement=0.5, n_clusters=2):
    """What a search with these best values returns."""
    labels = np.arange(9) % n_clusters if n_clusters else np.full(9, -1)
    return SearchResult(agreement, balance_score, dbcv, 5.0, 0.4, 5, labels, np.zeros((9, 2)))


def nulls(balance_score, dbcv, agreement=0.4):
    table = {"balance_score": balance_score, "dbcv": dbcv, "agreement": agreement}
    table = pd.DataFrame(table, dtype="float64")
    return table.assign(replicate=range(1, len(table) + 1), sample=0)


def test_of_ninety_nine_simulations_none_as_good_is_one_in_a_hundred():
    result = compare_with_null([found(10, 0.9)], nulls(range(11, 110), np.linspace(0, 0.8, 99)))
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
        searched = found(scores[place], -scores[place], -scores[place])
        result = compare_with_null([searched], nulls(others, -others, -others))
        values = {result[name]["p"] for name in ("balance_score", "dbcv", "agreement")}
        assert len(values) == 1
        p += values
    np.testing.assert_allclose(p, np.arange(1, 21) / 20)


def test_equal_ones_are_as_good_too():
    null = nulls([9, 10, 11, 12], [0.4, 0.4, 0.5, 0.6], [0.5, 0.6, 0.7, 0.8])
    result = compare_with_null([found(10, 0.5, 0.6)], null)
    assert result["balance_score"]["reached"] == 2
    assert result["dbcv"]["reached"] == 2
    assert result["agreement"]["reached"] == 3
    assert result["balance_score"]["p"] == pytest.approx(3 / 5)
    assert result["p"] == 1, "no p value is above 1"


def test_the_smaller_p_value_decides_whichever_statistic_has_it():
    better_balance = compare_with_null([found(1, 0.0)], nulls([5] * 39, [0.5] * 39))
    better_dbcv = compare_with_null([found(9, 0.9)], nulls([5] * 39, [0.5] * 39))
    assert better_balance["p"] == better_dbcv["p"] == pytest.approx(2 / 40)


def test_the_agreement_stands_beside_and_does_not_decide():
    result = compare_with_null([found(9, 0.0, 0.9)], nulls([5] * 39, [0.5] * 39, 0.4))
    assert result["agreement"]["p"] == pytest.approx(1 / 40)
    assert result["p"] == 1


def test_a_search_without_a_usable_cell_has_no_value_and_no_small_p():
    nothing = found(np.inf, -np.inf, 0.0, n_clusters=0)
    result = compare_with_null([nothing], nulls([5, np.inf], [0.1, -np.inf], [0.1, 0.0]))
    assert result["p"] == 1
    assert result["balance_score"] == {"observed": None, "median": None, "reached": 2, "p": 1.0}
    assert result["dbcv"]["observed"] is None
    assert result["agreement"]["observed"] is None


def test_of_several_samples_each_statistic_is_the_median_in_simulations_too():
    searched = [found(10, 0.2, 0.1), found(30, 0.4, 0.9), found(20, 0.9, 0.8)]
    null = pd.DataFrame(
        [
            (1, 0, 99.0, 0.1, 0.2),
            (1, 1, 20.0, 0.2, 0.8),
            (1, 2, 5.0, 0.3, 0.9),
            (2, 0, 25.0, 0.8, 0.9),
            (2, 1, 5.0, 0.4, 0.1),
            (2, 2, 25.0, 0.1, 0.2),
        ],
        columns=["replicate", "sample", "balance_score", "dbcv", "agreement"],
    )
    result = compare_with_null(searched, null)
    assert result["replicates"] == 2
    assert [result[name]["observed"] for name in ("balance_score", "dbcv")] == [20, 0.4]
    assert result["balance_score"]["median"] == 22.5
    # At least as good: 20 of (20, 25); 0.4 of (0.2, 0.4); 0.8 of (0.8, 0.2).
    for name in ("balance_score", "dbcv", "agreement"):
        assert (result[name]["reached"], result[name]["p"]) == (1, pytest.approx(2 / 3))


def test_most_samples_without_a_usable_cell_have_no_value():
    nothing = found(np.inf, -np.inf, 0.0, n_clusters=0)
    null = nulls([5.0], [0.1], [0.1])
    assert compare_with_null([nothing, nothing, found(9, 0.9)], null)["dbcv"]["observed"] is None
    assert (
        compare_with_null([nothing, found(9, 0.9), found(8, 0.8)], null)["dbcv"]["observed"] == 0.8
    )
