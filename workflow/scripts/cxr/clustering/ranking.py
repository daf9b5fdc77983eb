"""Ranking the cells of a grid, and the map of the best one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from cxr.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RankingSettings:
    """Which cells of a grid qualify.

    Attributes
    ----------
    min_clusters, max_clusters : int
        Numbers of clusters, bounds included, with which a cell qualifies.
    max_perplexity_share : float
        A cell whose perplexity exceeds this share of the images is ranked, but
        not `reliable`.
    choose : "consensus", "dbcv" or "balance"
        What is best: the highest consensus or DBCV, or the lowest balance score.
    """

    min_clusters: int
    max_clusters: int
    max_perplexity_share: float
    choose: Literal["consensus", "dbcv", "balance"] = "balance"


def ranking_schema(grid: pa.Schema) -> pa.Schema:
    """The types of a ranking's columns, from those of the grid."""
    return pa.schema(
        [
            pa.field("rank", pa.int64()),
            *grid,
            pa.field("n_images", pa.int64()),
            pa.field("reliable", pa.bool_()),
            pa.field("agreement", pa.float64()),
            pa.field("dbcv", pa.float64()),
            pa.field("consensus", pa.float64()),
        ]
    )


# The statistic of each way to choose but the balance score; high values are good.
CHOSEN_BY = {"consensus": "consensus", "dbcv": "dbcv"}
CELL_KEYS = ["method", "perplexity", "seed", "eps", "min_samples"]


def rank(
    grid: pd.DataFrame,
    n_images: int,
    settings: RankingSettings,
    statistics: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The qualifying cells of a grid, best first.

    Parameters
    ----------
    grid : DataFrame
        A row a cell, as `cxr.clustering.grid` writes them.
    n_images : int
        Images in each map.
    settings : RankingSettings
    statistics : DataFrame, optional
        `CELL_KEYS`, `agreement`, `dbcv` and `consensus` of DBSCAN's cells, as from
        `cxr.clustering.cells.StudyCells.statistics`.

    Returns
    -------
    DataFrame
        The grid's columns after `rank` (1 is the best), and `n_images`,
        `reliable`, `agreement`, `dbcv`, `consensus`, the latter null where they
        were not computed. Ties go to a better balance score, fewer outliers, then to
        DBSCAN, and to the lower perplexity, seed, eps, min_cluster_size and
        min_samples.
    """
    qualifies = grid["n_clusters"].between(settings.min_clusters, settings.max_clusters)
    cells = grid.loc[qualifies]
    if statistics is None:
        cells = cells.assign(agreement=np.nan, dbcv=np.nan, consensus=np.nan)
    else:
        statistics = statistics.assign(algorithm="dbscan")
        cells = cells.merge(statistics, "left", ["algorithm", *CELL_KEYS])
    chosen = [CHOSEN_BY[settings.choose]] if settings.choose in CHOSEN_BY else []
    cells = cells.sort_values(
        [
            *chosen,
            "balance_score",
            "n_outliers",
            "algorithm",
            "method",
            "perplexity",
            "seed",
            "eps",
            "min_cluster_size",
            "min_samples",
        ],
        ascending=[*[False] * len(chosen), *[True] * 9],
        kind="stable",
        ignore_index=True,
    )
    cells.insert(0, "rank", np.arange(1, len(cells) + 1, dtype=np.int64))
    cells["n_images"] = n_images
    cells["reliable"] = ~(cells["perplexity"] > settings.max_perplexity_share * n_images)
    return cells


def best_cell(ranking: pd.DataFrame, method: str, algorithm: str = "dbscan") -> pd.Series | None:
    """The first reliable cell of a method and an algorithm, or None where nothing qualifies."""
    cells = ranking.loc[
        (ranking["method"] == method) & (ranking["algorithm"] == algorithm) & ranking["reliable"]
    ]
    return None if cells.empty else cells.iloc[0]


def choose_map(
    embeddings: pd.DataFrame, ranking: pd.DataFrame, method: str
) -> tuple[pd.DataFrame, pd.Series | None]:
    """The map of a method's best cell, or where none qualifies the first map of the method.

    Returns
    -------
    rows : DataFrame
        The map's rows of `embeddings`.
    cell : Series or None
        The cell.

    Raises
    ------
    InputError
        If there is no map of the method: all perplexities were too large.
    """
    rows = embeddings.loc[embeddings["method"] == method]
    if rows.empty:
        raise InputError(
            f"config key 'embedding.perplexities': none is below the number of images, "
            f"{embeddings['image_id'].nunique()}; name a smaller one or widen the cohort"
        )
    cell = best_cell(ranking, method)
    shown = rows.iloc[0] if cell is None else cell
    rows = rows.loc[
        (rows["perplexity"].isna() | (rows["perplexity"] == shown["perplexity"]))
        & (rows["seed"] == shown["seed"])
    ]
    return rows.reset_index(drop=True), cell
