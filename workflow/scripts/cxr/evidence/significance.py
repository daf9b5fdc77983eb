"""The significance of a search: its p-values from null simulations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.null_models import BESIDE, STATISTICS
from cxr.evidence.search import SearchResult


def compare_with_null(results: Sequence[SearchResult], simulations: pd.DataFrame) -> dict[str, Any]:
    """The searches of a study's samples against their simulations under one null model.

    Of several samples each statistic is the median over them, in each simulation too, so that
    p-values hold as they do for one.

    Each p-value counts the search among the simulations, (1 + at least as good)
    / (1 + B), so that it accounts for all the cells that were searched. Those of
    `STATISTICS` are adjusted by Bonferroni; that of the agreement stands beside.

    Parameters
    ----------
    results : sequence of SearchResult
        One of each sample.
    simulations : DataFrame
        `replicate`, `balance_score`, `dbcv`, `agreement`, a row for each sample.

    Returns
    -------
    dict
        `replicates`, the adjusted `p`, and for each statistic the `observed` value,
        the `median` of the simulations, how many of them are at least as good
        (`reached`), and `p`. Values without a usable cell are null.

    References
    ----------
    B. Phipson, G. Smyth, "Permutation p-values should never be zero", Stat.
    Appl. Genet. Mol. Biol. 9, 2010.
    """
    simulated, names = median_of_samples(simulations, ["replicate"]), (*STATISTICS, *BESIDE)
    count, has_cell = len(simulated), np.median([result.n_clusters for result in results]) > 0
    observed = {name: np.median([getattr(each, name) for each in results]) for name in names}
    as_good = {
        "balance_score": simulated["balance_score"] <= observed["balance_score"],
        "dbcv": simulated["dbcv"] >= observed["dbcv"],
        "agreement": simulated["agreement"] >= observed["agreement"],
    }
    n_as_good = {name: int(as_good[name].sum()) for name in names}
    statistics = {
        name: {
            "observed": _finite(observed[name]) if has_cell else None,
            "median": _finite(simulated[name].median()),
            "reached": number,
            "p": (1 + number) / (1 + count),
        }
        for name, number in n_as_good.items()
    }
    smallest = (1 + min(n_as_good[name] for name in STATISTICS)) / (1 + count)
    return {"replicates": count, "p": min(1.0, len(STATISTICS) * smallest), **statistics}


def median_of_samples(simulations: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The statistics of each simulation: their medians over its samples, a row a simulation."""
    return simulations.groupby(by, sort=False)[[*STATISTICS, *BESIDE]].median().reset_index()


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
