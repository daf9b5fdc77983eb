"""The errors that a user can correct."""

from pathlib import Path


class InputError(ValueError):
    """A file, key or record that the user can correct; its text is one line.

    The line names the file or key, what is wrong and what to do. A job that
    ends with this error writes the line last in its log.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class DamagedFile(InputError):
    """A file that was cut short, or is of another kind than its name says."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


class Superseded(InputError):
    """Another job has begun to make what this one makes; `done` where that one has ended well."""

    def __init__(self, message: str, *, done: bool) -> None:
        super().__init__(message)
        self.done = done
