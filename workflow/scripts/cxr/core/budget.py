"""A bound on what the threads of a job hold at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Budget:
    """So many units, of which blocks of code hold some while they run.

    Parameters
    ----------
    total : int
        A block that asks for more waits until no other runs.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._held = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, units: int) -> Iterator[None]:
        """Waits until the units are free, and keeps them until the block ends."""
        units = min(units, self._total)
        with self._changed:
            self._changed.wait_for(lambda: self._held + units <= self._total)
            self._held += units
        try:
            yield
        finally:
            with self._changed:
                self._held -= units
                self._changed.notify_all()
