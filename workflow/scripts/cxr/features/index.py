"""Indices of nearest neighbours: exact for few images, a graph for many.

References
----------
Y. Malkov, D. Yashunin, "Efficient and robust approximate nearest neighbor search using
hierarchical navigable small world graphs", IEEE TPAMI 42, 2020 (the graph, by usearch).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cxr.core.errors import DamagedFile
from cxr.core.io import atomic, read_array, write_array

log = logging.getLogger("cxr")

# The widths of a graph's search, which are tried in this order.
WIDTHS = (64, 128, 256, 512)
SPARE = 32  # candidates that a search keeps at least beside those that it returns
RECALL_QUERIES = 1000  # by which recall is measured
EXACT, APPROXIMATE = "exact", "approximate"


@dataclass(frozen=True)
class GraphShape:
    """How a graph is built: denser ones take longer to build and find more at a width.

    Attributes
    ----------
    connectivity : int
        Links of an image.
    expansion : int
        Candidates among which they are chosen.
    """

    connectivity: int
    expansion: int


SPARSE, DENSE = GraphShape(16, 64), GraphShape(32, 128)


class Index(Protocol):
    """Images among which neighbours are searched."""

    def __len__(self) -> int:
        """How many images it holds."""

    def find(self, points: np.ndarray, count: int) -> np.ndarray:
        """Row numbers of the nearest images of each point, int of shape (m, count).

        Nearest first but for rounding; -1 where fewer were found.
        """

    def points(self, rows: np.ndarray) -> np.ndarray:
        """The places of images, float32 of the shape of `rows` and d."""

    def save(self, path: str | Path) -> None:
        """Writes it, the same bytes for the same images."""


class ExactIndex:
    """All distances are computed; its file is the points themselves."""

    def __init__(self, points: np.ndarray, threads: int = 1) -> None:
        self._points = points
        self._threads = threads

    @cached_property
    def _model(self) -> Any:
        from sklearn.neighbors import NearestNeighbors

        return NearestNeighbors(algorithm="brute", n_jobs=self._threads).fit(self._points)

    def __len__(self) -> int:
        return len(self._points)

    @cached_property
    def _squares(self) -> np.ndarray:
        return np.einsum("nd,nd->n", self._points, self._points)

    def find(self, points: np.ndarray, count: int) -> np.ndarray:
        """The rows of the nearest images, exactly."""
        count = min(count, len(self))
        if len(points) > 1:
            return self._model.kneighbors(points, count, return_distance=False)
        # One query is answered before threads would have started.
        relative = self._squares - 2 * (self._points @ points[0])
        near = np.argpartition(relative, count - 1)[:count]
        return near[np.argsort(relative[near], kind="stable")][None]

    def points(self, rows: np.ndarray) -> np.ndarray:
        """The places of images."""
        return self._points[rows]

    def save(self, path: str | Path) -> None:
        """Writes the points as an array."""
        write_array(np.asarray(self._points), path)


class GraphIndex:
    """A hierarchical navigable small-world graph of the images."""

    def __init__(self, graph: Any, width: int, threads: int = 1) -> None:
        self._graph = graph
        self._threads = threads
        self.set_width(width)

    @classmethod
    def of(cls, points: np.ndarray, threads: int, shape: GraphShape = SPARSE) -> "GraphIndex":
        """The graph of some points, built by one thread, since their order shapes it."""
        from usearch.index import Index as Graph

        graph = Graph(
            ndim=points.shape[1],
            metric="l2sq",
            dtype="f32",
            connectivity=shape.connectivity,
            expansion_add=shape.expansion,
        )
        graph.add(np.arange(len(points)), points, threads=1)
        return cls(graph, WIDTHS[0], threads)

    def set_width(self, width: int) -> None:
        """Sets how many candidates a search keeps: more give a better recall and take longer."""
        self.width = width
        self._graph.expansion_search = width

    def __len__(self) -> int:
        return len(self._graph)

    def find(self, points: np.ndarray, count: int) -> np.ndarray:
        """The rows of the nearest images that the graph leads to."""
        count = min(count, len(self))
        # A search returns no more than it keeps.
        self._graph.expansion_search = max(self.width, count + SPARE)
        matches = self._graph.search(points, count, threads=self._threads)
        self._graph.expansion_search = self.width
        # Matches of one point have a length, those of several a count for each.
        counts = np.atleast_1d(getattr(matches, "counts", len(matches)))
        rows = np.full((len(points), count), -1, dtype=np.int64)
        keys = np.atleast_2d(matches.keys).astype(np.int64)
        rows[:, : keys.shape[1]] = keys
        return np.where(np.arange(count) < counts[:, None], rows, -1)

    def points(self, rows: np.ndarray) -> np.ndarray:
        """The places of images, as the graph stores them."""
        stored = self._graph.get(rows.ravel())
        return np.asarray(stored, dtype=np.float32).reshape(*rows.shape, self._graph.ndim)

    def save(self, path: str | Path) -> None:
        """Writes the graph in usearch's format."""
        with atomic(path) as temporary:
            self._graph.save(str(temporary))


@dataclass(frozen=True)
class IndexSummary:
    """How an index searches.

    Attributes
    ----------
    method : "exact" or "approximate"
    width : int or None
        Candidates that an approximate search keeps.
    recall : float
        Share of the true neighbours that are found.
    sample : int
        Queries by which recall was measured; 0 where the search is exact.
    """

    method: str
    width: int | None
    recall: float
    sample: int

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "IndexSummary":
        """From a document that holds its attributes among others."""
        return cls(**{name: stored[name] for name in ("method", "width", "recall", "sample")})


@dataclass(frozen=True)
class IndexSettings:
    """Which index a study has.

    Attributes
    ----------
    k : int
        Neighbours that are searched, the image itself not among them.
    exact_up_to : int
        Up to so many images all distances are computed.
    recall : float
        Share of the true neighbours that an approximate search has to find.
    seed : int
        Of the sample by which recall is measured.
    shape : GraphShape
    """

    k: int
    exact_up_to: int
    recall: float
    seed: int = 0
    shape: GraphShape = SPARSE


def make_index(
    points: np.ndarray, settings: IndexSettings, threads: int
) -> tuple[Index, IndexSummary]:
    """An index of points: exact for few images, a graph for many where its recall suffices.

    Recall at `k` is measured against the exact search, on a sample of images.

    Parameters
    ----------
    points : float32 array, shape (n, d)
    settings : IndexSettings
    threads : int
        Of searches; a graph is built by one.
    """
    exact, k = ExactIndex(points, threads), settings.k
    n = len(exact)
    if n <= max(settings.exact_up_to, k):
        return exact, IndexSummary(EXACT, None, 1.0, 0)
    graph = GraphIndex.of(points, threads, settings.shape)
    rng = np.random.default_rng(settings.seed)
    sample = np.sort(rng.choice(n, min(RECALL_QUERIES, n), replace=False))
    true = exact.find(points[sample], k + 1)
    # Narrower ones are the same search.
    first = max((width for width in WIDTHS if width <= k + 1 + SPARE), default=WIDTHS[0])
    measured = 0.0
    for width in WIDTHS[WIDTHS.index(first) :]:
        graph.set_width(width)
        measured = recall_of(graph.find(points[sample], k + 1), true)
        log.info("search width %d: recall %.4f", width, measured)
        if measured >= settings.recall:
            return graph, IndexSummary(APPROXIMATE, width, round(measured, 4), len(sample))
    log.warning(
        "the approximate search has a recall of %.1f%%, below the %.1f%% that is wanted: all "
        "distances are computed",
        100 * measured,
        100 * settings.recall,
    )
    return exact, IndexSummary(EXACT, None, 1.0, 0)


def recall_of(found: np.ndarray, true: np.ndarray) -> float:
    """The share of the true neighbours that were found, both int of shape (m, k)."""
    hits = [np.isin(t, f).sum() for t, f in zip(true, found, strict=True)]
    return float(np.sum(hits) / true.size)


def read_index(path: str | Path, summary: IndexSummary, threads: int = 1) -> Index:
    """An index from its file, which is mapped and not read: one query needs little of it.

    Raises
    ------
    DamagedFile
        If the file is not whole.
    """
    if summary.method == EXACT:
        return ExactIndex(read_array(path), threads)
    from usearch.index import Index as Graph

    try:
        graph = Graph.restore(str(path), view=True)
    except Exception as error:
        raise DamagedFile(f"{path}: not a whole index ({error})", Path(path)) from error
    if graph is None:
        raise DamagedFile(f"{path}: not a whole index", Path(path))
    return GraphIndex(graph, summary.width or WIDTHS[0], threads)
