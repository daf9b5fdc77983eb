"""Work on many images, or patients, at a time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeVar

from cxr.core.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[Result]:
    """The results of `function` over `items`, in order.

    Threads suffice, since decoding releases the interpreter's lock.
    """
    progress = Progress(len(items), "images")
    batch = 64 * max(1, threads)
    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        for start in range(0, len(items), batch):
            for result in pool.map(function, items[start : start + batch]):
                yield result
                progress.step()


def in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], processes: int
) -> Iterator[Result]:
    """The results of `function` over `items`, in order; both can be pickled.

    For work that holds the interpreter's lock.
    """
    if processes <= 1:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(function, items, chunksize=4)
