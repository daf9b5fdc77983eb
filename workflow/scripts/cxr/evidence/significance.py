"""The significance of a search: its p-values from null simulations."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.null_models import BESIDE, DECIDING
from cxr.evidence.search import SearchResult


def compare_with_null(results: Sequence[SearchResult], simulations: pd.DataFrame) -> dict[str, Any]:
    """The searches of a study's samples against their simulations under one null model.

    Of several samples each statistic is the median over them, in each simulation too, so that
    p-values hold as they do for one.

    Each p-value counts the search among the simulations, (1 + at least as good)
    / (1 + B), so that it accounts for all the cells that were searched. That of the
    consensus decides; the others stand beside it.

    Parameters
    ----------
    results : sequence of SearchResult
        One of each sample.
    simulations : DataFrame
        `replicate`, `consensus`, `agreement`, `balance_score`, `dbcv`, a row for each sample.

    Returns
    -------
    dict
        `replicates`, the `p` that decides, and for each statistic the `observed` value,
        the `median` of the simulations, how many of them are at least as good
        (`reached`), and `p`. Values without a usable cell are null.

    References
    ----------
    B. Phipson, G. Smyth, "Permutation p-values should never be zero", Stat.
    Appl. Genet. Mol. Biol. 9, 2010.
    """
    simulated, names = median_of_samples(simulations, ["replicate"]), (DECIDING, *BESIDE)
    count, has_cell = len(simulated), np.median([result.n_clusters for result in results]) > 0
    observed = {name: np.median([getattr(each, name) for each in results]) for name in names}
    as_good = {
        "consensus": simulated["consensus"] >= observed["consensus"],
        "agreement": simulated["agreement"] >= observed["agreement"],
        "balance_score": simulated["balance_score"] <= observed["balance_score"],
        "dbcv": simulated["dbcv"] >= observed["dbcv"],
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
    return {"replicates": count, "p": statistics[DECIDING]["p"], **statistics}


def median_of_samples(simulations: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """The statistics of each simulation: their medians over its samples, a row a simulation."""
    return simulations.groupby(by, sort=False)[[DECIDING, *BESIDE]].median().reset_index()


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
