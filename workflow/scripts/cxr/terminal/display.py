"""Shows a run: a live table on a terminal, a line now and then in a pipe."""

import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from cxr.terminal.lines import opening_line, stage_line, status_line, table_lines
from cxr.terminal.run_state import RunState, RunView

LINE_EVERY = 30.0  # seconds, in a pipe
# Seconds between two looks at the logs of running jobs, here and on a cluster.
LOOK_EVERY, LOOK_EVERY_ON_CLUSTER = 1.0, 10.0


class PipeDisplay:
    """A line when the run begins, when a stage ends, and else every half minute.

    Parameters
    ----------
    state : RunState
        It may change between two calls, each of which holds `lock`.
    stream : TextIO
    lock : lock
    clock : callable
    """

    def __init__(
        self,
        state: RunState,
        stream: TextIO,
        lock: Any,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state, self.stream, self.lock, self.clock = state, stream, lock, clock
        self._told: set[str] = set()
        self._last = clock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def open(self) -> None:
        """Says what begins, and then what happens."""
        self.say(opening_line(self.state.view()))
        self._thread.start()

    def say(self, text: str) -> None:
        """Prints a message."""
        print(text, file=self.stream, flush=True)

    def update(self) -> None:
        """Says which stages have ended and, every half minute, how far the run is."""
        due = self.clock() - self._last >= LINE_EVERY
        ended = self.state.ended_stages() - self._told
        if not ended and not due:
            return
        view = self.state.view()
        for stage in view.stages:
            if stage.name in ended:
                self.say(stage_line(stage))
        self._told |= ended
        if due:
            self.say(status_line(view))
        self._last = self.clock()

    def close(self) -> None:
        """Ends the lines."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_EVERY):
            with self.lock:
                if not self._ended.is_set():
                    self.update()


class LiveDisplay:
    """The table of the stages, drawn again and again below all messages.

    Parameters
    ----------
    state, stream, lock
        As of `PipeDisplay`.
    every : float
        Seconds between two drawings.
    """

    def __init__(self, state: RunState, stream: TextIO, lock: Any, every: float) -> None:
        from rich.console import Console
        from rich.live import Live

        self.state, self.lock, self._every = state, lock, every
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def open(self) -> None:
        """Draws the table."""
        self._live.start()
        self.update()
        self._thread.start()

    def say(self, text: str) -> None:
        """Prints a message above the table."""
        self._console.print(text, soft_wrap=True)

    def update(self) -> None:
        """Draws the table as it is now."""
        self._live.update(_table(self.state.view()), refresh=True)

    def close(self) -> None:
        """Leaves the table as it was last."""
        if not self._ended.is_set():
            self._ended.set()
            self.update()
            self._live.stop()

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            with self.lock:
                if not self._ended.is_set():
                    self.update()


def _table(view: RunView) -> Any:
    from rich.text import Text

    return Text("\n".join(table_lines(view)), no_wrap=True, overflow="ellipsis")


def display(state: RunState, stream: TextIO, lock: Any, live: bool) -> PipeDisplay | LiveDisplay:
    """The display for a stream.

    Parameters
    ----------
    state, stream, lock
        As of `PipeDisplay`.
    live : bool
        Whether to draw a table again and again, on a terminal.
    """
    if not live:
        return PipeDisplay(state, stream, lock)
    on_cluster = state.plan.cores is None
    return LiveDisplay(state, stream, lock, LOOK_EVERY_ON_CLUSTER if on_cluster else LOOK_EVERY)
