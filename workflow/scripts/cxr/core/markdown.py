"""Text of the data in Markdown, where it stays text."""

from typing import Any

MARKS = "\\`*_[]<>|#"


def markdown_cell(text: Any) -> str:
    """Text of the data in a cell or a sentence, where it can't become markup."""
    line = " ".join(str(text).split())
    for mark in MARKS:
        line = line.replace(mark, f"\\{mark}")
    return line
