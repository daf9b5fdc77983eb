"""The nearest neighbours of every image, as tables."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from cxr.similarity.index import ExactIndex, Index
from cxr.similarity.space import Space, blocks, distances

NEIGHBOURS = pa.schema(
    {
        "query_id": pa.string(),
        "rank": pa.int32(),
        "neighbour_id": pa.string(),
        "distance": pa.float32(),
    }
)
# The same of parts of the patients, which are searched by themselves.
PARTED = pa.schema([("part", pa.int32()), *NEIGHBOURS])


def neighbours_of_all(space: Space, index: Index, k: int, own_patient: bool) -> pa.Table:
    """The nearest neighbours of every image.

    Parameters
    ----------
    space : Space
    index : Index
        Of the same images.
    k : int
        Wanted neighbours; where there are fewer, as many as there are.
    own_patient : bool
        Whether images of a query's own patient count as its neighbours.

    Returns
    -------
    Table
        As `NEIGHBOURS`, sorted by query_id and rank. Equally distant neighbours come
        in random order.
    """
    n = len(space.image_ids)
    found = np.full((n, k), -1, dtype=np.int64)
    apart = np.full((n, k), np.inf, dtype=np.float32)
    # Images that are looked for and then left out: the query, or all of its patient.
    spare = np.ones(n, np.int64) if own_patient else np.bincount(space.owners)[space.owners]
    # Patients of like sizes share a search.
    needs = np.minimum(k + 2 ** np.ceil(np.log2(spare)).astype(np.int64), n)
    for need in np.unique(needs) if n > 1 else ():
        rows = np.flatnonzero(needs == need)
        for block in blocks(len(rows), int(need) * space.points.shape[1]):
            near = _nearest(space, index, rows[block], int(need), k, own_patient)
            width = near[0].shape[1]
            found[rows[block], :width], apart[rows[block], :width] = near
    order = np.argsort(space.image_ids, kind="stable")
    return table_of(space.image_ids[order], space.image_ids, found[order], apart[order])


def _nearest(
    space: Space, index: Index, rows: np.ndarray, need: int, k: int, own_patient: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The neighbours of some images and their distances, shape (m, k) or less."""
    found = index.find(space.points[rows], need)
    apart = distances(space.points[rows], space.points[found], space.metric)
    mine = rows[:, None]
    same = found == mine if own_patient else space.owners[found] == space.owners[mine]
    apart[same | (found < 0)] = np.inf
    order = np.lexsort((space.chance[found], apart), axis=1)[:, :k]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(apart, order, axis=1)


def table_of(
    query_ids: Sequence[str] | np.ndarray,
    image_ids: np.ndarray,
    found: np.ndarray,
    apart: np.ndarray,
) -> pa.Table:
    """Neighbours as `NEIGHBOURS` has them.

    Parameters
    ----------
    query_ids : sequence of str, length m
    image_ids : str array, shape (n,)
    found : int array, shape (m, k)
        Row numbers of images.
    apart : float32 array, shape (m, k)
        Their distances, infinite where there is none.
    """
    kept = np.isfinite(apart)
    queries, places = np.nonzero(kept)
    columns = [
        pa.array(np.asarray(query_ids).tolist(), pa.string()).take(pa.array(queries)),
        pa.array((places + 1).astype(np.int32)),
        pa.array(image_ids.tolist(), pa.string()).take(pa.array(found[kept])),
        pa.array(apart[kept]),
    ]
    return pa.Table.from_arrays(columns, schema=NEIGHBOURS)


def neighbours_by_part(parts: Sequence[Space], k: int, own_patient: bool) -> pa.Table:
    """The nearest neighbours of every image within its part of the patients, as `PARTED`."""
    tables = []
    for number, space in enumerate(parts, start=1):
        found = neighbours_of_all(space, ExactIndex(space.points), k, own_patient)
        part = pa.array(np.full(len(found), number, dtype=np.int32))
        tables.append(found.add_column(0, PARTED.field("part"), part))
    return pa.concat_tables(tables) if tables else PARTED.empty_table()
