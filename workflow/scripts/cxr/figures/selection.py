"""The statistic that selects a clustering, as figures and pages name it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from cxr.clustering.ranking import CHOSEN_BY

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Statistic:
    """A statistic of cells.

    Attributes
    ----------
    column : str
        Of a ranking.
    name, label : str
        In a sentence, and on an axis.
    decimals : int
    lower : bool
        Whether low values are good.
    """

    column: str
    name: str
    label: str
    decimals: int
    lower: bool

    def text(self, cell: pd.Series) -> str:
        """The name with a cell's value; the name alone where it has none."""
        value = cell[self.column]
        return self.name if pd.isna(value) else f"{self.name} {value:.{self.decimals}f}"

    def best(self, values: pd.Series) -> pd.Series:
        """The best value of each perplexity, from values whose index is the perplexity."""
        groups = values.groupby(level=0)
        return groups.min() if self.lower else groups.max()


STATISTICS: Mapping[str, Statistic] = {
    "consensus": Statistic(
        "consensus", "consensus", "consensus (agreement and DBCV)", 2, lower=False
    ),
    "dbcv": Statistic("dbcv", "DBCV", "DBCV", 2, lower=False),
    "balance_score": Statistic(
        "balance_score", "balance score", "balance score (lower is better)", 0, lower=True
    ),
}


def selecting(choose: str, cell: pd.Series | None) -> Statistic:
    """The statistic that selected a cell.

    Parameters
    ----------
    choose : "consensus", "dbcv" or "balance"
    cell : Series or None
        The selected cell. Where its consensus or DBCV is not defined, the balance score
        selected it; so without a cell, too.
    """
    column = CHOSEN_BY.get(choose, "balance_score")
    undefined = cell is None or pd.isna(cell[column])
    return STATISTICS["balance_score" if undefined else column]
