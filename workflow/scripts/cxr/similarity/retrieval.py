"""How well neighbours serve: precision at k, mean average precision, and what chance would give.

References
----------
C. Manning, P. Raghavan, H. Schütze, "Introduction to information retrieval", 2008, section 8.4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.space import Space, blocks
from cxr.statistics.bootstrap import patient_weights, percentile_interval

ALL = "all"
QUERIES = 1000  # of more images, so many of whole patients are asked
REPLICATES = 1000
MEASURES = ("precision", "average_precision", "enrichment")


@dataclass(frozen=True)
class SharedField:
    """What neighbours should share with their query.

    Attributes
    ----------
    field : str
    shared : array of object, shape (n,)
        Of each image, None where it is not recorded: such images neither ask nor answer.
    within : array of object, shape (n,), optional
        Only images that are the same in this, as a class, are compared.
    """

    field: str
    shared: np.ndarray
    within: np.ndarray | None = None


def select_queries(owners: np.ndarray, seed: int) -> np.ndarray:
    """The images that are asked, ascending: all, or of many those of patients drawn at random."""
    if len(owners) <= QUERIES:
        return np.arange(len(owners))
    sizes = np.bincount(owners)
    order = np.random.default_rng(seed).permutation(len(sizes))
    drawn = order[np.cumsum(sizes[order]) <= QUERIES]
    return np.flatnonzero(np.isin(owners, drawn))


def rankings(space: Space, rows: np.ndarray, own_patient: bool) -> Iterator[Any]:
    """All images by their distance from each query, some queries at a time.

    Yields
    ------
    rows : int array, shape (m,)
        Queries.
    order : int array, shape (m, n)
        Images, nearest first; equally distant ones by chance.
    allowed : bool array, shape (m, n)
        Those, in this order, that may be neighbours: not the query, nor its patient
        unless `own_patient`.
    """
    from sklearn.metrics.pairwise import euclidean_distances

    shuffled = np.argsort(space.chance)
    points = space.points[shuffled].astype(np.float64)
    for block in blocks(len(rows), len(points)):
        some = rows[block]
        apart = euclidean_distances(space.points[some].astype(np.float64), points)
        # Rounding of the matrix product must not decide between equal distances.
        scale = max(float(apart.max(initial=0.0)), 1e-300)
        order = shuffled[np.argsort(np.round(apart / scale, 7), axis=1, kind="stable")]
        if own_patient:
            allowed = order != some[:, None]
        else:
            allowed = space.owners[order] != space.owners[some][:, None]
        yield some, order, allowed


def retrieve(
    space: Space, rows: np.ndarray, questions: Sequence[SharedField], k: int, own: bool
) -> Any:
    """What each query finds among its neighbours.

    Parameters
    ----------
    space : Space, n images
    rows : int array
        Queries.
    questions : sequence of SharedField
    k : int
    own : bool
        Whether images of the query's own patient count.

    Returns
    -------
    DataFrame
        A row a question and query that has something to find: `question` (its number),
        `row`, `level`, `k`, the neighbours looked at, `precision` among them,
        `average_precision` over all, `base_rate`, the share of the images that could be
        found (what chance gives), and `max_attainable`, the precision without errors.
    """
    tables = [
        _answers(number, question, some, order, allowed, k)
        for some, order, allowed in rankings(space, rows, own)
        for number, question in enumerate(questions)
    ]
    columns = ["question", "row", "level", "k", *MEASURES[:2], "base_rate", "max_attainable"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def _answers(
    number: int,
    question: SharedField,
    rows: np.ndarray,
    order: np.ndarray,
    allowed: np.ndarray,
    k: int,
) -> pd.DataFrame:
    codes = pd.factorize(question.shared)[0]
    valid = allowed & (codes[order] >= 0)
    levels = question.shared
    if question.within is not None:
        levels, groups = question.within, pd.factorize(question.within)[0]
        valid &= groups[order] == groups[rows][:, None]
    right = valid & (codes[order] == codes[rows][:, None])
    seen = valid.cumsum(axis=1)
    found = right.cumsum(axis=1)
    candidates, relevant = seen[:, -1], found[:, -1]
    asked = (codes[rows] >= 0) & (relevant > 0)
    # Among few images k would be most of them, and no choice: half of them are looked at.
    few = candidates if question.within is None else -(-candidates // 2)
    reach = np.minimum(k, np.maximum(few, 1))
    first = (right & (seen <= reach[:, None])).sum(axis=1)
    average = np.where(right, found / np.maximum(seen, 1), 0.0).sum(axis=1)
    table = pd.DataFrame(
        {
            "question": number,
            "row": rows,
            "level": levels[rows],
            "k": reach,
            "precision": first / reach,
            "average_precision": average / np.maximum(relevant, 1),
            "base_rate": relevant / np.maximum(candidates, 1),
            "max_attainable": np.minimum(reach, relevant) / reach,
        }
    )
    return table[asked]


def summarise(answers: pd.DataFrame, patients: np.ndarray, seed: int) -> list[dict[str, Any]]:
    """Means over queries with 95% intervals from a bootstrap over patients.

    The images that could be found are held fixed; enrichment is the mean precision over
    the mean base rate.

    Parameters
    ----------
    answers : DataFrame
        Of one question.
    patients : array of str
        Of each image, by `row`.

    Returns
    -------
    list of dict
        For all queries, and those of each level (their class), by themselves: level,
        queries, patients, k, base_rate, max_attainable, and for each of `MEASURES` its value
        and, as <measure>_low and <measure>_high, its interval.
    """
    levels = [(ALL, answers), *answers.groupby("level", sort=True)]
    return [
        {"level": str(level), **_means(own, patients[own["row"].to_numpy(dtype=np.int64)], seed)}
        for level, own in levels
    ]


def _means(answers: pd.DataFrame, patients: np.ndarray, seed: int) -> Mapping[str, Any]:
    count = len(np.unique(patients))
    means: dict[str, Any] = {"queries": len(answers), "patients": count}
    if answers.empty:
        return means
    weights = patient_weights(patients, REPLICATES, seed)
    total = weights.sum(axis=1)
    base = weights @ answers["base_rate"].to_numpy() / total
    means |= {name: answers[name].mean() for name in ("k", "base_rate", "max_attainable")}
    precision = weights @ answers["precision"].to_numpy() / total
    average = weights @ answers["average_precision"].to_numpy() / total
    for name, values, share in (
        ("precision", precision, count),
        ("average_precision", average, count),
        ("enrichment", precision / base, None),
    ):
        found = percentile_interval(values, share)
        means |= {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
    return means
