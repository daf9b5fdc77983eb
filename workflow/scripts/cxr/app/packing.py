"""What the page carries, in as few bytes as text can have.

Base64 makes four bytes of three. A page in UTF-16 has a letter for two bytes, and its mark of byte
order counts more than what a server says of a file's encoding. Letters that HTML or UTF-16 does not
leave alone are marked and another one: 3% more of compressed data.
"""

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from cxr.core.io import atomic

ENCODING = "utf-16"
MARK, TURNED = ord("~"), 0x8000
# NUL, a line end that becomes another one, what ends an element, and the mark; halves of letters.
MARKED = (0x00, 0x0D, ord("<"), MARK)
HALVES = (0xD800, 0xDFFF)


def write_page(page: str, path: str | Path) -> None:
    """Writes a page with its parts as of `packed`."""
    with atomic(path) as temporary:
        temporary.write_text(page, encoding=ENCODING, newline="\n")


def packed(data: bytes) -> dict[str, Any]:
    """Bytes compressed, as `text`, and the `length` of these; the same bytes give the same text."""
    compressed = gzip.compress(data, compresslevel=9, mtime=0)
    return {"text": as_text(compressed), "length": len(compressed)}


def as_text(data: bytes) -> str:
    """Bytes as letters of two each; an odd last one has a 0 beside it."""
    numbers = np.frombuffer(data + b"\0" * (len(data) % 2), dtype="<u2")
    marked = np.isin(numbers, MARKED) | ((numbers >= HALVES[0]) & (numbers <= HALVES[1]))
    letters = np.insert(numbers ^ (TURNED * marked).astype("<u2"), np.flatnonzero(marked), MARK)
    return letters.astype("<u2").tobytes().decode("utf-16-le")
