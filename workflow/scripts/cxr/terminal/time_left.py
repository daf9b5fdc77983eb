"""The time that jobs take together."""

from collections.abc import Mapping

from cxr.terminal.work import PlannedJob


def seconds_left(jobs: Mapping[int, PlannedJob], seconds: Mapping[int, float], lanes: int) -> float:
    """About how long jobs take from now on.

    The greater of two bounds: all work, spread over the cores, and the longest chain of
    jobs that wait for each other.

    Parameters
    ----------
    jobs : mapping of int to PlannedJob
        All jobs of the run by id.
    seconds : mapping of int to float
        What each unfinished job still takes.
    lanes : int
        Cores, or jobs at a time on a cluster.
    """
    work = sum(left * min(jobs[job].threads, lanes) for job, left in seconds.items())
    return max(work / max(lanes, 1), _longest_chain(jobs, seconds))


def _longest_chain(jobs: Mapping[int, PlannedJob], seconds: Mapping[int, float]) -> float:
    ends: dict[int, float] = {}
    for first in seconds:
        waiting = [first]
        while waiting:
            job = waiting[-1]
            before = [other for other in jobs[job].after if other in seconds]
            unknown = [other for other in before if other not in ends]
            if unknown:
                waiting += unknown
                continue
            ends[job] = seconds[job] + max((ends[other] for other in before), default=0.0)
            waiting.pop()
    return max(ends.values(), default=0.0)
