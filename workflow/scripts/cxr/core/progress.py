"""Progress of long jobs."""

import logging
import time

# A variable that is set where a table of the run is drawn on the terminal. It shows how far jobs
# are, by their logs, and why one failed, so that they leave the terminal alone.
DISPLAYED = "CXR_DISPLAYED"

log = logging.getLogger("cxr")


class Progress:
    """A plain line every ten seconds: done of total, rate, time left.

    Parameters
    ----------
    total : int or None
        How many steps there are, None where that is unknown.
    what : str
        What is counted, in the plural: "images", "epochs".
    every : float
        Seconds between two lines.
    unit : int
        How many steps are one of what is shown: 10**6 for bytes shown as MB.
    """

    def __init__(
        self,
        total: int | None,
        what: str,
        every: float = 10.0,
        unit: int = 1,
    ) -> None:
        self.total = total
        self.what = what
        self.every = every
        self.unit = unit
        self.done = 0
        self.start = self.last = time.monotonic()

    def step(self, count: int = 1) -> None:
        """Counts `count` finished steps and reports when it is time, or at the end."""
        self.done += count
        now = time.monotonic()
        finished = self.total is not None and self.done >= self.total
        if now - self.last < self.every and not finished:
            return
        self.last = now
        rate = self.done / max(now - self.start, 1e-9)
        done, speed = self.done // self.unit, rate / self.unit
        if self.total is None:
            line = f"{done} {self.what}, {speed:.1f} a second"
        else:
            left = (self.total - self.done) / rate
            line = (
                f"{done} of {self.total // self.unit} {self.what}, {speed:.1f} a second, "
                f"{left:.0f} s left"
            )
        log.info("%s", line)
