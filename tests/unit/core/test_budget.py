"""Threads hold no more than their budget together."""

import threading
from concurrent.futures import ThreadPoolExecutor

from cxr.core.budget import Budget


def test_blocks_never_hold_more_than_the_total():
    budget, lock, held, most = Budget(10), threading.Lock(), [0], [0]

    def work(units):
        with budget.hold(units):
            with lock:
                held[0] += units
                most[0] = max(most[0], held[0])
            with lock:
                held[0] -= units

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [1, 4, 6, 10, 3, 7] * 50))
    assert held == [0]
    assert most[0] <= 10


def test_a_block_that_asks_for_more_runs_alone():
    budget, order = Budget(10), []

    def small():
        with budget.hold(1):
            order.append("small")

    with ThreadPoolExecutor(1) as pool:
        with budget.hold(99):
            waiting = pool.submit(small)
            order.append("large")
        waiting.result()
    assert order == ["large", "small"]
