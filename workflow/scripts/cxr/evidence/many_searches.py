"""Many searches one after the other, or with their maps on a GPU.

On a GPU the maps of many searches are one computation. What comes before them, and the
clusterings of the searches before, run on the processor's cores in the meantime; the compiled
functions release the interpreter's lock, so threads suffice.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from cxr.clustering.grid import standardise
from cxr.embedding.knn import Neighbours
from cxr.evidence.search import SearchedMaps, SearchGrid, draw_maps

if TYPE_CHECKING:
    from cxr.embedding.card import Card

Found = TypeVar("Found")
Prepared = tuple[np.ndarray, Neighbours]

# Pairs of points of the maps that are computed at once: 1,100 maps of 174 points.
PAIRS = 2**25


@dataclass(frozen=True)
class PendingSearch(Generic[Found]):
    """A search that is run when it is its turn.

    Attributes
    ----------
    n_images : int
    grid : SearchGrid
    seed : int
        Of the maps' initial positions.
    prepare : callable
        Gives the features and their neighbours.
    finish : callable
        From the features and the maps to what is found.
    """

    n_images: int
    grid: SearchGrid
    seed: int
    prepare: Callable[[], Prepared]
    finish: Callable[[np.ndarray, SearchedMaps], Found]

    @property
    def pairs(self) -> int:
        """Pairs of points of all its maps."""
        return self.n_images**2 * len(self.grid.usable_perplexities(self.n_images))


def run_searches(searches: Iterable[PendingSearch[Found]], threads: int = 1) -> Iterator[Found]:
    """What each search finds, in order.

    Parameters
    ----------
    searches : iterable of PendingSearch
        All on the device of the first one's grid.
    threads : int
        Of the searches beside a GPU; without one they are run one by one.
    """
    chunks = _chunks(searches)
    first = next(chunks, None)
    if first is None:
        return
    card = None
    if first[0].grid.device == "gpu":
        from cxr.embedding.gpu import card_for

        card = card_for(max(each.n_images for each in first), optional=True)
    if card is None:
        yield from map(_run, first)
        yield from (_run(each) for chunk in chunks for each in chunk)
        return
    from threadpoolctl import threadpool_limits

    with (
        threadpool_limits(1),
        ThreadPoolExecutor(max(1, threads), initializer=_limit_libraries) as pool,
    ):
        yield from _overlapped(first, chunks, card, pool)


def _limit_libraries() -> None:
    """One thread of OpenMP for each thread of ours, which it counts by itself."""
    import sklearn.neighbors  # noqa: F401 - loads the library that is limited
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def _run(search: PendingSearch[Found]) -> Found:
    features, neighbours = search.prepare()
    return search.finish(features, draw_maps(neighbours, search.grid, search.seed))


def _chunks(
    searches: Iterable[PendingSearch[Found]],
) -> Iterator[list[PendingSearch[Found]]]:
    """Searches whose maps are computed at once; on the CPU each by itself."""
    chunk: list[PendingSearch[Found]] = []
    pairs = 0
    for each in searches:
        if chunk and (each.grid.device == "cpu" or pairs + each.pairs > PAIRS):
            yield chunk
            chunk, pairs = [], 0
        chunk.append(each)
        pairs += each.pairs
    if chunk:
        yield chunk


def _overlapped(
    first: list[PendingSearch[Found]],
    chunks: Iterator[list[PendingSearch[Found]]],
    card: "Card",
    pool: ThreadPoolExecutor,
) -> Iterator[Found]:
    """While the card computes a chunk, the pool finishes the one before and prepares the next."""
    ahead: deque[list[tuple[PendingSearch[Found], Future[Prepared]]]] = deque()

    def prepare(chunk: list[PendingSearch[Found]] | None) -> None:
        if chunk is not None:
            ahead.append([(each, pool.submit(each.prepare)) for each in chunk])

    prepare(first)
    prepare(next(chunks, None))
    running: list[Future[Found]] = []
    while ahead:
        chunk = [(each, *future.result()) for each, future in ahead.popleft()]
        before, running = running, []
        maps = _maps_on_card([(each, near) for each, _, near in chunk], card)
        for (each, features, _), searched in zip(chunk, maps, strict=True):
            running.append(pool.submit(each.finish, features, searched))
        prepare(next(chunks, None))
        yield from (future.result() for future in before)
    yield from (future.result() for future in running)


def _maps_on_card(
    chunk: Sequence[tuple[PendingSearch[Found], Neighbours]], card: "Card"
) -> Iterator[SearchedMaps]:
    """The standardised maps of each search, as from `draw_maps`."""
    from cxr.embedding.tsne_batches import MapRequest
    from cxr.embedding.tsne_gpu import compute_maps

    perplexities = [each.grid.usable_perplexities(near.n) for each, near in chunk]
    requests = [
        MapRequest(
            near, [(perplexity, each.seed) for perplexity in usable], each.grid.initialization
        )
        for (each, near), usable in zip(chunk, perplexities, strict=True)
    ]
    computed = compute_maps(requests, card, with_divergence=False)
    for request, usable, maps in zip(requests, perplexities, computed, strict=True):
        yield SearchedMaps(request.neighbours.n, usable, [standardise(xy) for xy, _ in maps])
