"""Work on many images, or patients, at a time."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from cxr.core.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(
    function: Callable[[Item], Result], items: Sequence[Item], threads: int
) -> Iterator[Result]:
    """The results of `function` over `items`, in order.

    Threads suffice, since decoding releases the interpreter's lock. They go on with the next
    64 items a thread while the caller is busy with results.
    """
    progress = Progress(len(items), "images")
    threads, left = max(1, threads), iter(items)
    pool = ThreadPoolExecutor(threads)
    try:
        ahead: deque[Future[Result]] = deque()
        for item in islice(left, 64 * threads):
            ahead.append(pool.submit(function, item))
        while ahead:
            result = ahead.popleft().result()
            for item in islice(left, 1):
                ahead.append(pool.submit(function, item))
            yield result
            progress.step()
    finally:
        pool.shutdown(cancel_futures=True)


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
