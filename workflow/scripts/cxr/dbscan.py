"""The grid of DBSCAN cells over many maps."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from cxr.job import Progress
from cxr.scoring import score_sizes

KEYS = ["method", "perplexity", "seed"]
GRID = pa.schema(
    {
        "algorithm": pa.string(),
        "method": pa.string(),
        "perplexity": pa.float64(),
        "seed": pa.int64(),
        "eps": pa.float64(),
        "min_samples": pa.int32(),
        "min_cluster_size": pa.int32(),
        "n_clusters": pa.int32(),
        "n_outliers": pa.int32(),
        "sizes": pa.list_(pa.int32()),
        "balance_score": pa.int64(),
    }
)


def standardise(xy: np.ndarray) -> np.ndarray:
    """Centres a map and scales each axis to unit variance, as the 2020 study did.

    Parameters
    ----------
    xy : float array, shape (n, d)

    Returns
    -------
    float array, shape (n, d)
        An axis without variance stays zero.
    """
    centred = xy - xy.mean(axis=0)
    spread = centred.std(axis=0)
    return centred / np.where(spread > 0, spread, 1.0)


def label_cells(
    points: np.ndarray, eps: Sequence[float], min_samples: Sequence[int]
) -> Iterator[tuple[float, int, np.ndarray]]:
    """The labels of every cell: eps, min_samples, labels.

    Parameters
    ----------
    points : float array, shape (n, d)
    eps : sequence of float
        Radii, greater than 0.
    min_samples : sequence of int
        Neighbours, the point itself counted, that make a core point.

    Yields
    ------
    eps, min_samples : float, int
    labels : int array, shape (n,)
        Cluster of each point, -1 for an outlier.

    References
    ----------
    M. Ester, H.-P. Kriegel, J. Sander, X. Xu, "A density-based algorithm for
    discovering clusters in large spatial databases with noise", KDD 1996.
    """
    from sklearn.cluster import DBSCAN

    for radius in eps:
        for count in min_samples:
            yield radius, count, DBSCAN(eps=radius, min_samples=count).fit_predict(points)


def sweep(
    embeddings: pd.DataFrame, eps: Sequence[float], min_samples: Sequence[int]
) -> pd.DataFrame:
    """Every cell of every map of a chunk, on standardised axes.

    Parameters
    ----------
    embeddings : DataFrame
        `image_id, method, perplexity, seed, x, y`.

    Returns
    -------
    DataFrame
        A row a cell, columns as in `GRID`, in the order of the maps, eps,
        min_samples. `sizes` holds the clusters' sizes in the order of their
        numbers; `perplexity` is null for a method without one,
        `min_cluster_size` for DBSCAN.
    """
    maps = list(embeddings.groupby(KEYS, dropna=False, sort=False))
    progress = Progress(len(maps), "maps")
    rows = []
    for (method, perplexity, seed), rows_of_map in maps:
        points = standardise(rows_of_map[["x", "y"]].to_numpy())
        for radius, count, labels in label_cells(points, eps, min_samples):
            counts = np.bincount(labels + 1)
            sizes, outliers = counts[1:].tolist(), int(counts[0])
            rows.append(
                {
                    "algorithm": "dbscan",
                    "method": method,
                    "perplexity": perplexity,
                    "seed": seed,
                    "eps": radius,
                    "min_samples": count,
                    "min_cluster_size": None,
                    "n_clusters": len(sizes),
                    "n_outliers": outliers,
                    "sizes": sizes,
                    "balance_score": score_sizes(sizes, outliers),
                }
            )
        progress.step()
    return pd.DataFrame(rows, columns=GRID.names)


def label_map(rows: pd.DataFrame, cell: pd.Series | None) -> pd.DataFrame:
    """The clusters that one cell makes of its map.

    Parameters
    ----------
    rows : DataFrame
        The map: `image_id, x, y`.
    cell : Series or None
        `eps` and `min_samples`; without a cell every image is an outlier.

    Returns
    -------
    DataFrame
        `image_id, x, y, cluster` (-1 = outlier), sorted by image_id.
    """
    points = rows[["x", "y"]].to_numpy()
    labels = np.full(len(rows), -1, dtype=np.int64)
    if cell is not None:
        cells = label_cells(standardise(points), [cell["eps"]], [int(cell["min_samples"])])
        labels = next(cells)[2]
    table = rows[["image_id", "x", "y"]].assign(cluster=labels.astype(np.int32))
    return table.sort_values("image_id", ignore_index=True)
