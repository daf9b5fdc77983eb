"""The significance of a search: its p-values from null simulations."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.config.catalogue.null_models import STATISTICS
from cxr.evidence.search import SearchResult


def compare_with_null(result: SearchResult, simulations: pd.DataFrame) -> dict[str, Any]:
    """A search against its simulations under one null model.

    Each p-value counts the search among the simulations, (1 + at least as good)
    / (1 + B), so that it accounts for all the cells that were searched.

    Parameters
    ----------
    result : SearchResult
    simulations : DataFrame
        `agreement`, `balance_score`.

    Returns
    -------
    dict
        `replicates`, `p`, that of the agreement, and for `agreement` and
        `balance_score` the `observed` value, the `median` of the simulations, how
        many of them are at least as good (`reached`), and `p`. Values without a usable
        cell are null.

    References
    ----------
    B. Phipson, G. Smyth, "Permutation p-values should never be zero", Stat.
    Appl. Genet. Mol. Biol. 9, 2010.
    """
    count = len(simulations)
    as_good = {
        "agreement": simulations["agreement"] >= result.agreement,
        "balance_score": simulations["balance_score"] <= result.balance_score,
    }
    statistics = {
        name: {
            "observed": _finite(getattr(result, name)) if result.n_clusters else None,
            "median": _finite(simulations[name].median()),
            "reached": int(as_good[name].sum()),
            "p": (1 + int(as_good[name].sum())) / (1 + count),
        }
        for name in STATISTICS
    }
    return {"replicates": count, "p": statistics[STATISTICS[0]]["p"], **statistics}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
