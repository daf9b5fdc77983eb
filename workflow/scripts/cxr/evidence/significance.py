"""The significance of a search: its p-values from null simulations."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.null_models import BESIDE, DECIDING
from cxr.evidence.search import SearchResult


def compare_with_null(result: SearchResult, simulations: pd.DataFrame) -> dict[str, Any]:
    """A search against its simulations under one null model.

    Each p-value counts the search among the simulations, (1 + at least as good)
    / (1 + B), so that it accounts for all the cells that were searched. That of the
    consensus decides; the others stand beside it.

    Parameters
    ----------
    result : SearchResult
    simulations : DataFrame
        `consensus`, `agreement`, `balance_score`, `dbcv`.

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
    count = len(simulations)
    as_good = {
        "consensus": simulations["consensus"] >= result.consensus,
        "agreement": simulations["agreement"] >= result.agreement,
        "balance_score": simulations["balance_score"] <= result.balance_score,
        "dbcv": simulations["dbcv"] >= result.dbcv,
    }
    n_as_good = {name: int(as_good[name].sum()) for name in (DECIDING, *BESIDE)}
    statistics = {
        name: {
            "observed": _finite(getattr(result, name)) if result.n_clusters else None,
            "median": _finite(simulations[name].median()),
            "reached": number,
            "p": (1 + number) / (1 + count),
        }
        for name, number in n_as_good.items()
    }
    return {"replicates": count, "p": statistics[DECIDING]["p"], **statistics}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
