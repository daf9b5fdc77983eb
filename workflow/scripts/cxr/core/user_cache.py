"""What may be lost at any time, and is kept so that no process does it again."""

import atexit
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxr.core.io import atomic

LARGEST = 5000  # entries; of more, those that a process used are kept


def user_cache() -> Path:
    """The folder of this tool in the user's cache, which need not be there."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cxr-clusters"


class KeptValues:
    """Values by keys that say all they depend on, in a JSON file of the user's cache.

    It is read at the first use and written at the end of the process where there is more. Processes
    side by side may each lose what the other found, and find it again; a file that can't be read
    or written costs no more.

    Parameters
    ----------
    name : str
        Of the file, without its suffix: what computes the values belongs into it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._values: dict[str, Any] | None = None
        self._used: dict[str, Any] = {}
        self._more = False

    def get(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value of a key, computed where it is not known; anything that JSON holds."""
        if self._values is None:
            self._values = self._read()
            atexit.register(self.save)
        if key not in self._values:
            self._values[key] = compute()
            self._more = True
        self._used[key] = self._values[key]
        return self._used[key]

    def save(self) -> None:
        """Writes what is known, if there is more than was read."""
        if not self._more:
            return
        values = self._read() | (self._values or {})
        if len(values) > LARGEST:
            values = self._used
        with suppress(OSError, RuntimeError):
            path = self._path()
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as temporary:
                temporary.write_text(json.dumps(values), encoding="utf-8")
            self._more = False

    def _path(self) -> Path:
        return user_cache() / f"{self._name}.json"

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError, RuntimeError):
            values = json.loads(self._path().read_text(encoding="utf-8"))
            if isinstance(values, dict):
                return values
        return {}
