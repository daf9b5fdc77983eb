"""The same search on draws without clusters, and how often they do as well."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.core.progress import Progress
from cxr.evidence.null_models import fit_null
from cxr.evidence.search import Search, SearchResult, search

SIMULATIONS = pa.schema(
    {
        "subject": pa.string(),
        "null": pa.string(),
        "replicate": pa.int64(),
        "balance_score": pa.float64(),
        "dbcv": pa.float64(),
        "n_clusters": pa.int64(),
    }
)


def simulate_null(
    features: np.ndarray,
    patients: np.ndarray,
    grid: Search,
    null: str,
    turns: range,
    seed: int,
) -> pd.DataFrame:
    """The best of the search in some draws from a null model.

    Parameters
    ----------
    features : float array, shape (n, d)
    patients : array of str, shape (n,)
    grid : Search
    null : str
        A key of `cxr.config.catalogue.null_models.NULL_MODELS`.
    turns : range
        Numbers of the draws; a draw depends on its number and the seed alone.
    seed : int

    Returns
    -------
    DataFrame
        The columns of `SIMULATIONS` but `subject`; `balance_score` is infinite and
        `dbcv` -infinite where no cell was usable.
    """
    draw = fit_null(features, patients, null, seed)
    progress = Progress(len(turns), "draws")
    rows = []
    for turn in turns:
        found = search(draw(np.random.default_rng([seed, turn])), grid)
        rows.append((null, turn, found.balance_score, found.dbcv, found.n_clusters))
        progress.step()
    return pd.DataFrame(rows, columns=["null", "replicate", "balance_score", "dbcv", "n_clusters"])


def compare_with_null(found: SearchResult, draws: pd.DataFrame) -> dict[str, Any]:
    """A search against its replicates under one null.

    Each p-value counts the search among the replicates, (1 + at least as good)
    / (1 + B), so that it accounts for all the cells that were looked at. The
    two are adjusted by Bonferroni.

    Parameters
    ----------
    found : SearchResult
    draws : DataFrame
        `balance_score`, `dbcv`.

    Returns
    -------
    dict
        `replicates`, `p`, and for `balance_score` and `dbcv` the `observed` value,
        the `median` of the replicates, how many `reached` it, and `p`. Values
        that no usable cell gave are null.

    References
    ----------
    B. Phipson, G. Smyth, "Permutation p-values should never be zero", Stat.
    Appl. Genet. Mol. Biol. 9, 2010.
    """
    count = len(draws)
    reached = {
        "balance_score": int((draws["balance_score"] <= found.balance_score).sum()),
        "dbcv": int((draws["dbcv"] >= found.dbcv).sum()),
    }
    each = {
        name: {
            "observed": _finite(getattr(found, name)),
            "median": _finite(draws[name].median()),
            "reached": number,
            "p": (1 + number) / (1 + count),
        }
        for name, number in reached.items()
    }
    least = (1 + min(reached.values())) / (1 + count)
    return {"replicates": count, "p": min(1.0, len(each) * least), **each}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
