"""Shows a run: a live table on a terminal, a line now and then in a pipe."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TextIO

from cxr.terminal.lines import opening_line, stage_line, status_line, table_lines
from cxr.terminal.run_state import RunState

LINE_EVERY = 30.0  # seconds, in a pipe
# Seconds between two looks at the logs of running jobs, here and on a cluster.
LOOK_EVERY, LOOK_EVERY_ON_CLUSTER = 1.0, 10.0


class Display(ABC):
    """Shows a run from its beginning to its end, also while nothing happens to its jobs.

    Parameters
    ----------
    state : RunState
        It may change between two calls, each of which holds `lock`.
    stream : TextIO
    lock : context manager
    failed : callable
        Called with what keeps the display from going on.
    """

    def __init__(
        self,
        state: RunState,
        stream: TextIO,
        lock: AbstractContextManager[bool],
        failed: Callable[[Exception], None],
    ) -> None:
        self.state, self.stream, self.lock, self.failed = state, stream, lock, failed
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def open(self) -> None:
        """Shows what begins, and from then on what happens."""
        self._begin()
        self._thread.start()

    def close(self) -> None:
        """Shows the end."""
        if not self._ended.is_set():
            self._ended.set()
            self._end()

    @abstractmethod
    def say(self, text: str) -> None:
        """Prints a message."""

    @abstractmethod
    def update(self) -> None:
        """Shows what has changed."""

    def changed(self) -> None:
        """Something has happened to a job."""
        self.update()

    @abstractmethod
    def _begin(self) -> None: ...

    @abstractmethod
    def _end(self) -> None: ...

    def _watch(self) -> None:
        every = LOOK_EVERY_ON_CLUSTER if self.state.plan.cores is None else LOOK_EVERY
        while not self._ended.wait(every):
            with self.lock:
                if self._ended.is_set():
                    return
                try:
                    self.update()
                except Exception as error:  # noqa: BLE001 - a run goes on whatever its display does
                    self.failed(error)
                    return


class PipeDisplay(Display):
    """A line when the run begins, when a stage ends, and else every half minute."""

    _told: set[str]
    _last: float

    def say(self, text: str) -> None:
        """Prints a line."""
        print(text, file=self.stream, flush=True)

    def update(self) -> None:
        """Says which stages have ended and, when it is time, how far the run is."""
        ended = self.state.ended_stages() - self._told
        due = time.monotonic() - self._last >= LINE_EVERY
        if not ended and not due:
            return
        view = self.state.view()
        for stage in view.stages:
            if stage.name in ended:
                self.say(stage_line(stage))
        if due:
            self.say(status_line(view))
        self._told |= ended
        self._last = time.monotonic()

    def _begin(self) -> None:
        self._told = set()
        self._last = time.monotonic()
        self.say(opening_line(self.state.view()))

    def _end(self) -> None:
        pass


class LiveDisplay(Display):
    """The table of the stages, drawn again and again below all messages."""

    def say(self, text: str) -> None:
        """Prints a message above the table."""
        self._console.print(text, soft_wrap=True)

    def changed(self) -> None:
        """Nothing: the table is drawn when it is time, not for each of a hundred jobs at once."""

    def update(self) -> None:
        """Draws the table as it is now."""
        from rich.text import Text

        lines = table_lines(self.state.view())
        table = Text("\n".join(lines), no_wrap=True, overflow="ellipsis")
        self._live.update(table, refresh=True)

    def _begin(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=self.stream, highlight=False, markup=False, emoji=False)
        self._live = Live(console=self._console, auto_refresh=False, redirect_stdout=False)
        self._live.start()
        self.update()

    def _end(self) -> None:
        try:
            self.update()
        finally:
            self._live.stop()
