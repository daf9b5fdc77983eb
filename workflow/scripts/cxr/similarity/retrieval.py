"""Retrieval metrics: precision at k, mean average precision, base rate and enrichment.

References
----------
C. Manning, P. Raghavan, H. Schütze, "Introduction to information retrieval", 2008, section 8.4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.space import Space, row_blocks
from cxr.statistics.bootstrap import REPLICATES, patient_weights, percentile_interval

ALL = "all"
MAX_QUERIES = 1000  # of more images a random selection of whole patients are queries
MEASURES = ("precision", "average_precision", "enrichment")


@dataclass(frozen=True)
class SharedField:
    """A field whose value neighbours should share with their query.

    Attributes
    ----------
    field : str
    levels : array of object, shape (n,)
        Of each image, None where not recorded: such images are neither query nor neighbour.
    within : array of object, shape (n,), optional
        Classes or the like; only images of the same one are compared.
    """

    field: str
    levels: np.ndarray
    within: np.ndarray | None = None


def select_queries(owners: np.ndarray, seed: int) -> np.ndarray:
    """The queries, as ascending rows: all images, or of many those of random patients."""
    if len(owners) <= MAX_QUERIES:
        return np.arange(len(owners))
    sizes = np.bincount(owners)
    order = np.random.default_rng(seed).permutation(len(sizes))
    patients = order[np.cumsum(sizes[order]) <= MAX_QUERIES]
    return np.flatnonzero(np.isin(owners, patients))


def rankings(space: Space, rows: np.ndarray, own_patient: bool) -> Iterator[Any]:
    """All images by their distance from each query, a block of queries at a time.

    Yields
    ------
    rows : int array, shape (m,)
        Queries.
    order : int array, shape (m, n)
        Images, nearest first; ties in random order.
    allowed : bool array, shape (m, n)
        Those, in this order, that may be neighbours: not the query, nor its patient
        unless `own_patient`.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    shuffled = np.argsort(space.tie_order)
    points = space.points[shuffled].astype(np.float64)
    for block in row_blocks(len(rows), len(points)):
        queries = rows[block]
        apart = euclidean_distances(space.points[queries].astype(np.float64), points)
        # Rounding of the matrix product must not decide between equal distances.
        scale = max(float(apart.max(initial=0.0)), 1e-300)
        order = shuffled[np.argsort(np.round(apart / scale, 7), axis=1, kind="stable")]
        if own_patient:
            allowed = order != queries[:, None]
        else:
            allowed = space.owners[order] != space.owners[queries][:, None]
        yield queries, order, allowed


def retrieve(
    space: Space, rows: np.ndarray, fields: Sequence[SharedField], k: int, own_patient: bool
) -> pd.DataFrame:
    """The retrieval metrics of each query.

    Parameters
    ----------
    space : Space, n images
    rows : int array
        Queries.
    fields : sequence of SharedField
    k : int
    own_patient : bool
        Whether images of the query's own patient count.

    Returns
    -------
    DataFrame
        A row for each field and query for which a relevant image exists: `field_index`,
        `row`, `level`, `k`, the neighbours counted, `precision` among them,
        `average_precision` over all, `base_rate`, the relevant share of all candidates,
        and `max_attainable`, the precision of a search without errors.
    """
    tables = [
        _metrics(number, field, queries, order, allowed, k)
        for queries, order, allowed in rankings(space, rows, own_patient)
        for number, field in enumerate(fields)
    ]
    columns = ["field_index", "row", "level", "k", *MEASURES[:2], "base_rate", "max_attainable"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _metrics(
    number: int,
    field: SharedField,
    rows: np.ndarray,
    order: np.ndarray,
    allowed: np.ndarray,
    k: int,
) -> pd.DataFrame:
    codes = pd.factorize(field.levels)[0]
    valid = allowed & (codes[order] >= 0)
    levels = field.levels
    if field.within is not None:
        levels, groups = field.within, pd.factorize(field.within)[0]
        valid &= groups[order] == groups[rows][:, None]
    relevant = valid & (codes[order] == codes[rows][:, None])
    seen = valid.cumsum(axis=1)
    retrieved = relevant.cumsum(axis=1)
    n_candidates, n_relevant = seen[:, -1], retrieved[:, -1]
    has_relevant = (codes[rows] >= 0) & (n_relevant > 0)
    # Of few candidates k would be nearly all, and select nothing: half of them are counted.
    limit = n_candidates if field.within is None else -(-n_candidates // 2)
    cutoff = np.minimum(k, np.maximum(limit, 1))
    hits = (relevant & (seen <= cutoff[:, None])).sum(axis=1)
    precisions = np.where(relevant, retrieved / np.maximum(seen, 1), 0.0).sum(axis=1)
    table = pd.DataFrame(
        {
            "field_index": number,
            "row": rows,
            "level": levels[rows],
            "k": cutoff,
            "precision": hits / cutoff,
            "average_precision": precisions / np.maximum(n_relevant, 1),
            "base_rate": n_relevant / np.maximum(n_candidates, 1),
            "max_attainable": np.minimum(cutoff, n_relevant) / cutoff,
        }
    )
    return table[has_relevant]


def summarise(
    queries: pd.DataFrame, patients: np.ndarray, seed: int, *, by_level: bool = True
) -> list[dict[str, Any]]:
    """Means over queries with 95% intervals from a bootstrap over patients.

    The candidates are held fixed; enrichment is the mean precision over
    the mean base rate.

    Parameters
    ----------
    queries : DataFrame
        As `retrieve` returns it, of one field.
    patients : array of str
        Of each image, by `row`.
    seed : int
    by_level : bool
        Whether the levels are summarised too.

    Returns
    -------
    list of dict
        For all queries, then for those of each level (their class): level,
        queries, patients, k, base_rate, max_attainable, and for each of `MEASURES` its value
        and, as <measure>_low and <measure>_high, its interval.
    """
    levels = [(ALL, queries), *(queries.groupby("level", sort=True) if by_level else ())]
    return [
        {"level": str(level), **_means(rows, patients[rows["row"].to_numpy(dtype=np.int64)], seed)}
        for level, rows in levels
    ]


def _means(queries: pd.DataFrame, patients: np.ndarray, seed: int) -> Mapping[str, Any]:
    count = len(np.unique(patients))
    means: dict[str, Any] = {"queries": len(queries), "patients": count}
    if queries.empty:
        return means
    weights = patient_weights(patients, REPLICATES, seed)
    total = weights.sum(axis=1)
    base = weights @ queries["base_rate"].to_numpy() / total
    means |= {name: queries[name].mean() for name in ("k", "base_rate", "max_attainable")}
    precision = weights @ queries["precision"].to_numpy() / total
    average = weights @ queries["average_precision"].to_numpy() / total
    for name, values, share_of in (
        ("precision", precision, count),
        ("average_precision", average, count),
        ("enrichment", precision / base, None),
    ):
        interval = percentile_interval(values, share_of)
        means |= {
            name: interval["value"],
            f"{name}_low": interval["low"],
            f"{name}_high": interval["high"],
        }
    return means
