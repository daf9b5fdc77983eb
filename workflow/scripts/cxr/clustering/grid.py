"""The grid of a study: every clustering of every map, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from cxr.clustering.balance import balance_scores
from cxr.clustering.dbscan import Cells, label_points, sweep_cells
from cxr.core.arrow import to_column, to_lists, to_numpy
from cxr.core.progress import Progress

if TYPE_CHECKING:
    import pandas as pd

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


@dataclass(frozen=True)
class DbscanSettings:
    """A grid of DBSCAN cells: every eps with every min_samples.

    Attributes
    ----------
    eps : tuple of float
    min_samples : tuple of int
    """

    eps: tuple[float, ...]
    min_samples: tuple[int, ...]


@dataclass(frozen=True)
class HdbscanSettings:
    """A grid of HDBSCAN cells: every min_cluster_size with every min_samples.

    Attributes
    ----------
    min_cluster_size : tuple of int
        Points that make a cluster, at least 2.
    min_samples : tuple of int
        Neighbours, the point itself not counted, of the core distance.
    """

    min_cluster_size: tuple[int, ...]
    min_samples: tuple[int, ...]


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


def sweep_dbscan(embeddings: pa.Table, settings: DbscanSettings) -> pa.Table:
    """Every DBSCAN cell of every map of a chunk, on standardised axes.

    Parameters
    ----------
    embeddings : Table
        `image_id, method, perplexity, seed, x, y`; the rows of a map together.
    settings : DbscanSettings

    Returns
    -------
    Table
        A row a cell, columns as in `GRID`, in the order of the maps, eps,
        min_samples. `sizes` holds the clusters' sizes in the order of their
        numbers; `perplexity` is null for a method without one,
        `min_cluster_size` for DBSCAN.
    """
    eps, min_samples = settings.eps, settings.min_samples
    columns = {
        "algorithm": ["dbscan"] * (len(eps) * len(min_samples)),
        "eps": np.repeat(np.asarray(eps, np.float64), len(min_samples)),
        "min_samples": np.tile(np.asarray(min_samples, np.int32), len(eps)),
        "min_cluster_size": None,
    }
    return _sweep(embeddings, columns, lambda points: sweep_cells(points, eps, min_samples))


def sweep_hdbscan(embeddings: pa.Table, settings: HdbscanSettings) -> pa.Table:
    """Every HDBSCAN cell of every map of a chunk, on the same axes as DBSCAN's.

    Parameters
    ----------
    embeddings : Table
        As for `sweep_dbscan`.
    settings : HdbscanSettings

    Returns
    -------
    Table
        As from `sweep_dbscan`, with `eps` null.

    References
    ----------
    L. McInnes, J. Healy, S. Astels, "hdbscan: Hierarchical density based
    clustering", JOSS 2, 2017.
    """
    cells = list(product(settings.min_cluster_size, settings.min_samples))
    columns = {
        "algorithm": ["hdbscan"] * len(cells),
        "eps": None,
        "min_samples": np.array([count for _, count in cells], np.int32),
        "min_cluster_size": np.array([size for size, _ in cells], np.int32),
    }
    return _sweep(embeddings, columns, lambda points: _hdbscan_cells(points, cells))


def _hdbscan_cells(points: np.ndarray, cells: Sequence[tuple[int, int]]) -> Cells:
    from hdbscan import HDBSCAN

    counts = []
    for size, neighbours in cells:
        if len(points) < size:  # no cluster is possible, and the library fails on a single point
            counts.append(np.array([len(points)]))
            continue
        model = HDBSCAN(
            min_cluster_size=size,
            min_samples=neighbours,
            approx_min_span_tree=False,
            core_dist_n_jobs=1,
        )
        counts.append(np.bincount(model.fit_predict(points) + 1))
    return Cells(
        np.array([len(count) - 1 for count in counts], np.int32),
        np.array([count[0] for count in counts], np.int32),
        np.concatenate([count[1:] for count in counts]).astype(np.int32),
    )


def _sweep(
    embeddings: pa.Table, parameters: dict[str, Any], cluster: Callable[[np.ndarray], Cells]
) -> pa.Table:
    """The rows of a grid: the same cells of every map."""
    maps = list(_maps(embeddings))
    progress = Progress(len(maps), "maps")
    tables = []
    for keys, points in maps:
        cells = cluster(standardise(points))
        clusters, outliers = cells.n_clusters.ravel(), cells.n_outliers.ravel()
        rows = len(clusters)
        columns = {
            **parameters,
            "n_clusters": clusters,
            "n_outliers": outliers,
            "balance_score": balance_scores(cells, len(points)),
        }
        arrow_columns = {
            **{name: pa.repeat(value, rows) for name, value in keys.items()},
            "sizes": to_lists(clusters, cells.sizes, GRID.field("sizes").type),
        }
        arrays = [
            arrow_columns[field.name]
            if field.name in arrow_columns
            else to_column(columns[field.name], field.type, rows)
            for field in GRID
        ]
        tables.append(pa.Table.from_arrays(arrays, schema=GRID))
        progress.step()
    return pa.concat_tables(tables) if tables else GRID.empty_table()


def _maps(embeddings: pa.Table) -> Iterator[tuple[dict[str, pa.Scalar], np.ndarray]]:
    """The key and the points of each map; its rows lie together."""
    points = np.column_stack([to_numpy(embeddings[axis]) for axis in "xy"])
    changes = np.zeros(len(points), dtype=bool)
    changes[:1] = True
    for name in KEYS:
        codes = embeddings[name].combine_chunks().dictionary_encode(null_encoding="encode")
        changes[1:] |= np.diff(to_numpy(pa.chunked_array([codes.indices]))) != 0
    bounds = [*np.flatnonzero(changes), len(points)]
    for start, end in pairwise(bounds):
        yield {name: embeddings[name][int(start)] for name in KEYS}, points[start:end]


def label_map(rows: pd.DataFrame, cell: pd.Series | None) -> pd.DataFrame:
    """The clusters that one DBSCAN cell makes of its map.

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
    labels = np.full(len(rows), -1, dtype=np.int64)
    if cell is not None:
        points = standardise(rows[["x", "y"]].to_numpy())
        labels = label_points(points, cell["eps"], int(cell["min_samples"]))
    table = rows[["image_id", "x", "y"]].assign(cluster=labels.astype(np.int32))
    return table.sort_values("image_id", ignore_index=True)
