"""What was written on the command line, before Snakemake made numbers of it."""

import sys


def command_line_text(key: str, read: str) -> str:
    """The text after `key=` on the command line; `read`, what Snakemake made of it, where none."""
    start = f"{key}="
    texts = [word.removeprefix(start) for word in sys.argv if word.startswith(start)]
    return texts[-1] if texts else read
