"""The one error that is the user's to mend."""


class InputError(ValueError):
    """A file, key or record that the user can mend; its text is one line.

    The line names the file or key, what is wrong and what to do. A job that
    ends with this error writes the line last in its log.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
