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
# Fewer bytes of weights are left as they are.
SEPARATED_FROM = 1024


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


def separated(onnx: bytes) -> tuple[bytes, list[list[int]]]:
    """A graph whose weights have their first bytes first, then their second ones, and so on.

    Bytes with signs and exponents are much alike, and compress where they lie together.

    Returns
    -------
    bytes
        As many as before.
    list of [start, length, size]
        Where this was done, and the bytes of a number there.
    """
    import onnx as library
    from onnx import TensorProto

    sizes = {TensorProto.FLOAT: 4, TensorProto.FLOAT16: 2}
    result, places, end = bytearray(onnx), [], 0
    for tensor in library.load_from_string(onnx).graph.initializer:
        raw, size = tensor.raw_data, sizes.get(tensor.data_type)
        if size is None or len(raw) < SEPARATED_FROM:
            continue
        start = onnx.index(raw, end)
        end = start + len(raw)
        numbers = np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)
        result[start:end] = numbers.T.tobytes()
        places.append([start, len(raw), size])
    return bytes(result), places
