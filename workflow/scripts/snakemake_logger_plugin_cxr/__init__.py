"""Shows a run by its stages; Snakemake finds it by its name, see profiles/default.

What Snakemake itself says is in its log and with `--verbose` on the terminal. Where this
fails, or was told nothing of the run, Snakemake's own lines are shown.
"""

import logging
import os
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path

from snakemake.logging import ColorizingTextHandler, DefaultFilter, DefaultFormatter, get_event
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from cxr.core.progress import DISPLAYED
from cxr.terminal.display import LiveDisplay, PipeDisplay
from cxr.terminal.run_state import RunState

# What a user needs of the lines that carry no event.
NEEDED = ("SLURM run ID", "Nothing to be done")
NEEDLESS = "Assuming unrestricted shared filesystem usage."
# What a failed job's line and the last lines tell better.
TOLD = re.compile(
    "At least one job did not complete successfully"
    "|CalledProcessError in file .*returned non-zero exit status",
    re.DOTALL,
)


class LogHandler(LogHandlerBase):
    """The handler of Snakemake's records."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = True
    has_formatter = True
    needs_rulegraph = False

    def __post_init__(self):
        settings = self.common_settings
        self.stream = sys.stdout if settings.stdout else sys.stderr
        self.own = ColorizingTextHandler(nocolor=settings.nocolor, stream=self.stream)
        self.own.setFormatter(DefaultFormatter(settings.quiet, settings.show_failed_logs))
        self.filter_of_own = DefaultFilter(
            settings.quiet,
            settings.debug_dag,
            settings.verbose,
            settings.dryrun,
            settings.printshellcmds,
        )
        self.turn = threading.RLock()
        self.state = self.display = None
        self.started = False
        # Whoever asks for more or less of Snakemake's lines gets those.
        self.plain = bool(settings.quiet)
        self.verbose = settings.verbose or settings.printshellcmds or settings.debug_dag

    def describe(self, plan):
        """What will run, before it does; a `cxr.terminal.run_state.RunPlan`."""
        with self.turn:
            if self.plain:
                return
            self.state = RunState(plan)
            if self._is_live():
                os.environ[DISPLAYED] = "1"

    def emit(self, record):
        """Shows what a record tells."""
        with self.turn:
            try:
                self._emit(record)
            except Exception as error:  # noqa: BLE001 - a run goes on whatever its display does
                self._give_up(error)
                with suppress(OSError):
                    self._show_own(record)

    def close(self):
        """Leaves the last state on the screen."""
        with self.turn:
            try:
                if self.display is not None:
                    self.display.close()
            except Exception as error:  # noqa: BLE001 - as above
                self._give_up(error)
        super().close()

    def _emit(self, record):
        event = get_event(record)
        self.started |= event == LogEvent.WORKFLOW_STARTED
        if event == LogEvent.JOB_INFO and self.state is None and not self.common_settings.dryrun:
            self.plain = True
        if self.plain:
            self._show_own(record)
            return
        if self.verbose or self._needed(record, event):
            self._show_own(record)
        if self.state is None:
            return
        if event == LogEvent.JOB_INFO:
            self.state.start(record.jobid, Path(record.log[0]) if record.log else None)
        elif event == LogEvent.JOB_FINISHED:
            self.state.finish(record.job_id)
        elif event == LogEvent.JOB_ERROR:
            self.state.fail(record.jobid)
        else:
            return
        if self.display is None:
            kind = LiveDisplay if self._is_live() else PipeDisplay
            self.display = kind(self.state, self.stream, self.turn, self._give_up)
            self.display.open()
        if event == LogEvent.JOB_ERROR:
            log = "".join(f"; its log: {path}" for path in record.log[:1])
            self.display.say(f"{self.state.words(record.jobid)} failed{log}")
        self.display.changed()

    def _is_live(self):
        return self.stream.isatty() and os.environ.get("TERM") != "dumb" and not self.verbose

    def _needed(self, record, event):
        """Whether a user needs a line of Snakemake's."""
        if record.levelno >= logging.WARNING:
            return event != LogEvent.JOB_ERROR and not TOLD.search(str(record.msg))
        if event is not None:
            return False
        text = str(record.msg)
        if self.started:
            return text.startswith(NEEDED) and not self.common_settings.dryrun
        return text != NEEDLESS

    def _show_own(self, record):
        if not self.filter_of_own.filter(record):
            return
        if self.display is None or self.plain:
            self.own.emit(record)
        else:
            self.display.say(self.own.format(record))

    def _give_up(self, error):
        """Snakemake's own lines from here on."""
        self.plain, self.state = True, None
        with suppress(Exception):
            if self.display is not None:
                self.display.close()
        with suppress(OSError):
            text = f"the stages can't be shown ({error}); Snakemake's own lines follow"
            print(text, file=self.stream, flush=True)
