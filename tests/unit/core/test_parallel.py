"""Work in threads and processes keeps its order."""

import os
import threading

import pytest

from cxr.core.parallel import in_processes, in_threads


def squared(number):
    return number**2, os.getpid()


@pytest.mark.parametrize("processes", [1, 2])
def test_results_of_processes_come_in_order(processes):
    results = list(in_processes(squared, range(20), processes))
    assert [square for square, _ in results] == [number**2 for number in range(20)]
    assert (os.getpid() in {process for _, process in results}) == (processes == 1)


def test_results_of_threads_come_in_order():
    assert [square for square, _ in in_threads(squared, range(200), 3)] == [
        number**2 for number in range(200)
    ]


def test_threads_go_on_while_results_are_used_and_end_where_no_more_are_wanted():
    done, twentieth = [], threading.Event()

    def work(number):
        done.append(number)
        if len(done) == 20:
            twentieth.set()
        return number

    results = in_threads(work, range(10_000), 2)
    assert next(results) == 0
    assert twentieth.wait(30)  # without another result taken
    results.close()
    assert len(done) < 10_000
