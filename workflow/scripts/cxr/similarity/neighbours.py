"""The nearest neighbours of every image, as tables."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from cxr.features.index import ExactIndex, Index
from cxr.similarity.space import Space, distances, row_blocks

NEIGHBOURS = pa.schema(
    {
        "query_id": pa.string(),
        "rank": pa.int32(),
        "neighbour_id": pa.string(),
        "distance": pa.float32(),
    }
)
# The same of parts of the patients, each searched by itself.
NEIGHBOURS_BY_PART = pa.schema([("part", pa.int32()), *NEIGHBOURS])


def neighbours_of_all(space: Space, index: Index, k: int, own_patient: bool) -> pa.Table:
    """The nearest neighbours of every image.

    Parameters
    ----------
    space : Space
    index : Index
        Of the same images.
    k : int
        Neighbours of an image; all others where there are fewer.
    own_patient : bool
        Whether images of a query's own patient count as its neighbours.

    Returns
    -------
    Table
        As `NEIGHBOURS`, sorted by query_id and rank. Equally distant neighbours come
        in random order.
    """
    n = len(space.image_ids)
    neighbours = np.full((n, k), -1, dtype=np.int64)
    apart = np.full((n, k), np.inf, dtype=np.float32)
    # Images that are found and then left out: the query, or all of its patient.
    spare = np.ones(n, np.int64) if own_patient else np.bincount(space.owners)[space.owners]
    # Queries of patients of similar size share a search.
    counts = np.minimum(k + 2 ** np.ceil(np.log2(spare)).astype(np.int64), n)
    for count in np.unique(counts) if n > 1 else ():
        rows = np.flatnonzero(counts == count)
        for block in row_blocks(len(rows), int(count) * space.points.shape[1]):
            nearest = _nearest(space, index, rows[block], int(count), k, own_patient)
            width = nearest[0].shape[1]
            neighbours[rows[block], :width], apart[rows[block], :width] = nearest
    order = np.argsort(space.image_ids, kind="stable")
    return neighbours_table(
        space.image_ids[order], space.image_ids, neighbours[order], apart[order]
    )


def _nearest(
    space: Space, index: Index, rows: np.ndarray, count: int, k: int, own_patient: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of some images and their distances, shape (m, k) or less."""
    images = index.find(space.points[rows], count)
    apart = distances(space.points[rows], space.points[images], space.metric)
    queries = rows[:, None]
    left_out = images == queries if own_patient else space.owners[images] == space.owners[queries]
    apart[left_out | (images < 0)] = np.inf
    order = np.lexsort((space.tie_order[images], apart), axis=1)[:, :k]
    return np.take_along_axis(images, order, axis=1), np.take_along_axis(apart, order, axis=1)


def neighbours_table(
    query_ids: Sequence[str] | np.ndarray,
    image_ids: np.ndarray,
    neighbours: np.ndarray,
    apart: np.ndarray,
) -> pa.Table:
    """Neighbours as `NEIGHBOURS` has them.

    Parameters
    ----------
    query_ids : sequence of str, length m
    image_ids : str array, shape (n,)
    neighbours : int array, shape (m, k)
        Row numbers of images.
    apart : float32 array, shape (m, k)
        Their distances, infinite where there is none.
    """
    kept = np.isfinite(apart)
    queries, ranks = np.nonzero(kept)
    columns = [
        pa.array(np.asarray(query_ids).tolist(), pa.string()).take(pa.array(queries)),
        pa.array((ranks + 1).astype(np.int32)),
        pa.array(image_ids.tolist(), pa.string()).take(pa.array(neighbours[kept])),
        pa.array(apart[kept]),
    ]
    return pa.Table.from_arrays(columns, schema=NEIGHBOURS)


def neighbours_by_part(parts: Sequence[Space], k: int, own_patient: bool) -> pa.Table:
    """As `NEIGHBOURS_BY_PART`, the nearest neighbours of every image within its part."""
    tables = []
    for number, space in enumerate(parts, start=1):
        table = neighbours_of_all(space, ExactIndex(space.points), k, own_patient)
        part = pa.array(np.full(len(table), number, dtype=np.int32))
        tables.append(table.add_column(0, NEIGHBOURS_BY_PART.field("part"), part))
    return pa.concat_tables(tables) if tables else NEIGHBOURS_BY_PART.empty_table()
