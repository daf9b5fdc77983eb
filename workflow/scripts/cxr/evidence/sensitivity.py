"""Sensitivity of the clusters to the selected cell."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.clustering.grid import label_map
from cxr.clustering.ranking import CHOSEN_BY, best_cell

TOLERANCE = 0.1
MAX_CELLS = 30


def cell_sensitivity(
    embeddings: pd.DataFrame, ranking: pd.DataFrame, choose: str
) -> dict[str, Any]:
    """The cells that are nearly as good as the best one, and whether they agree.

    Parameters
    ----------
    embeddings : DataFrame
        All maps of t-SNE.
    ranking : DataFrame
        All qualifying cells.
    choose : "consensus", "dbcv" or "balance"

    Returns
    -------
    dict
        `usable`, how many reliable DBSCAN cells of t-SNE maps qualify; `similar`,
        those with as many clusters as the selected one and a consensus (or DBCV, or
        balance score: what selects it) within 10% of its; `share`; `adjusted_rand`, the
        mean over pairs of up to 30 of them, null with fewer than two.
    """
    usable = ranking.loc[
        (ranking["method"] == "tsne") & (ranking["algorithm"] == "dbscan") & ranking["reliable"]
    ]
    best = best_cell(ranking, "tsne")
    if best is None or (choose in CHOSEN_BY and pd.isna(best[CHOSEN_BY[choose]])):
        return {"usable": 0, "similar": 0, "share": None, "adjusted_rand": None}
    if choose in CHOSEN_BY:
        value, values = best[CHOSEN_BY[choose]], usable[CHOSEN_BY[choose]]
        near = values >= value - TOLERANCE * abs(value)
    else:
        near = usable["balance_score"] <= (1 + TOLERANCE) * best["balance_score"]
    similar = usable.loc[(usable["n_clusters"] == best["n_clusters"]) & near]
    compared = similar.iloc[np.unique(np.linspace(0, len(similar) - 1, MAX_CELLS).astype(int))]
    return {
        "usable": len(usable),
        "similar": len(similar),
        "share": len(similar) / len(usable),
        "adjusted_rand": _agreement(embeddings, compared),
    }


def _agreement(embeddings: pd.DataFrame, cells: pd.DataFrame) -> float | None:
    """The mean adjusted Rand index of all pairs of cells."""
    from itertools import combinations

    from sklearn.metrics import adjusted_rand_score

    maps = dict(tuple(embeddings.groupby(["perplexity", "seed"], sort=False)))
    labels = [
        label_map(maps[(cell["perplexity"], cell["seed"])], cell)["cluster"].to_numpy()
        for _, cell in cells.iterrows()
    ]
    scores = [adjusted_rand_score(a, b) for a, b in combinations(labels, 2)]
    return float(np.mean(scores)) if scores else None
