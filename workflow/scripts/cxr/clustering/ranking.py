"""Scores and ranking of clusterings, and what the clusters hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from cxr.clustering.dbscan import Cells
from cxr.core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

OUTLIER = -1


def balance_score(labels: np.ndarray) -> int:
    """Imbalance of a labelling plus its outliers; lower is better.

    With m the size of the largest group (the outliers count as one), the sum
    over clusters of (m - size), plus the number of outliers.

    Parameters
    ----------
    labels : int array, shape (n,)
        Cluster of each point, -1 for an outlier.

    Raises
    ------
    ValueError
        If `labels` is empty.

    References
    ----------
    N. Lai, "Using COVID-19 X-ray images to discover variants of virus mutation", 2020.
    """
    if len(labels) == 0:
        raise ValueError("a labelling of no points has no score")
    counts = np.bincount(np.asarray(labels) + 1).astype(np.int64)
    cell = Cells(np.array([len(counts) - 1]), counts[:1], counts[1:])
    return int(balance_scores(cell, len(labels))[0])


def balance_scores(cells: Cells, n_points: int) -> np.ndarray:
    """The balance score of every cell of a grid, from the sizes of its clusters.

    Returns
    -------
    int64 array, shape (n_cells,)
    """
    clusters, outliers = cells.n_clusters.ravel(), cells.n_outliers.ravel().astype(np.int64)
    largest = outliers.copy()
    np.maximum.at(largest, np.repeat(np.arange(len(clusters)), clusters), cells.sizes)
    return clusters * largest - (n_points - outliers) + outliers


def ranking_schema(grid: pa.Schema) -> pa.Schema:
    """The types of a ranking's columns, from those of the grid."""
    return pa.schema(
        [
            pa.field("rank", pa.int64()),
            *grid,
            pa.field("n_images", pa.int64()),
            pa.field("reliable", pa.bool_()),
        ]
    )


def rank(
    grid: pd.DataFrame,
    n_images: int,
    *,
    min_clusters: int,
    max_clusters: int,
    max_perplexity_share: float,
) -> pd.DataFrame:
    """The qualifying cells of a grid, best first.

    Parameters
    ----------
    grid : DataFrame
        A row a cell, as `cxr.clustering.grid` writes them.
    n_images : int
        Images in each map.
    min_clusters, max_clusters : int
        Cells with so many clusters qualify, bounds included.
    max_perplexity_share : float
        A cell whose perplexity exceeds this share of `n_images` is ranked, but
        not `reliable`.

    Returns
    -------
    DataFrame
        The grid's columns after `rank` (1 is the best), and `n_images`,
        `reliable`. Ties go to fewer outliers, then to DBSCAN, and to the lower
        perplexity, seed, eps, min_cluster_size and min_samples.
    """
    cells = grid.loc[grid["n_clusters"].between(min_clusters, max_clusters)]
    cells = cells.sort_values(
        [
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
        kind="stable",
        ignore_index=True,
    )
    cells.insert(0, "rank", np.arange(1, len(cells) + 1, dtype=np.int64))
    cells["n_images"] = n_images
    cells["reliable"] = ~(cells["perplexity"] > max_perplexity_share * n_images)
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
    wanted = rows.iloc[0] if cell is None else cell
    rows = rows.loc[
        (rows["perplexity"].isna() | (rows["perplexity"] == wanted["perplexity"]))
        & (rows["seed"] == wanted["seed"])
    ]
    return rows.reset_index(drop=True), cell


def count_countries(clusters: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """How many images of each country each cluster holds.

    Parameters
    ----------
    clusters : DataFrame
        `image_id`, `cluster`.
    metadata : DataFrame
        `image_id`, `country`, null where it is not known.

    Returns
    -------
    DataFrame
        A row a cluster (-1, the outliers, last), a column a country in
        alphabetical order, and `unknown` last.
    """
    import pandas as pd

    joined = clusters.merge(metadata[["image_id", "country"]], on="image_id", how="left")
    country = joined["country"].astype("object")
    country = country.where(country.notna(), None)
    known = sorted(country.dropna().unique())
    counts = pd.crosstab(joined["cluster"], country.fillna("unknown"))
    counts = counts.reindex(columns=[*known, "unknown"], fill_value=0)
    order = sorted(counts.index, key=lambda cluster: (cluster == OUTLIER, cluster))
    counts = counts.reindex(order).rename_axis(index="cluster", columns=None)
    return counts.reset_index()
