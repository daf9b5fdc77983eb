"""What the library notes on the way, for the commands that look at data."""

import logging
import sys


class _Once(logging.Filter):
    """Lets each message pass once: a table may be read several times."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        is_new = message not in self._seen
        self._seen.add(message)
        return is_new


def show_notes() -> None:
    """Writes the library's warnings to standard error, each once."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("note      %(message)s"))
    handler.addFilter(_Once())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
