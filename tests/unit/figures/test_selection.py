"""Figures and pages name the statistic that selected a cell."""

import numpy as np
import pandas as pd
import pytest

from cxr.figures.selection import STATISTICS, selecting

CELL = pd.Series({"consensus": 0.756, "dbcv": -0.25, "balance_score": 17})


@pytest.mark.parametrize(
    ("choose", "text"),
    [
        ("consensus", "consensus 0.76"),
        ("dbcv", "DBCV -0.25"),
        ("balance", "balance score 17"),
    ],
)
def test_a_cell_has_the_value_of_what_selects(choose, text):
    assert selecting(choose, CELL).text(CELL) == text


@pytest.mark.parametrize("choose", ["consensus", "dbcv"])
def test_the_balance_score_selects_where_nothing_else_is_defined(choose):
    cell = CELL.copy()
    cell[["consensus", "dbcv"]] = np.nan
    assert selecting(choose, cell).text(cell) == "balance score 17"
    assert selecting(choose, None) is STATISTICS["balance_score"]


def test_a_cell_without_the_statistic_has_no_number():
    assert STATISTICS["consensus"].text(pd.Series({"consensus": np.nan})) == "consensus"


def test_the_best_of_a_perplexity_is_the_highest_consensus_or_the_lowest_balance_score():
    values = pd.Series([0.2, np.nan, 0.5, np.nan], index=[5.0, 5.0, 5.0, 9.0])
    assert STATISTICS["consensus"].best(values)[5.0] == 0.5
    assert STATISTICS["balance_score"].best(values)[5.0] == 0.2
    assert np.isnan(STATISTICS["consensus"].best(values)[9.0])
