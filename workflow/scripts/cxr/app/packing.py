"""What the page carries, in as few bytes as text can have.

Base64 makes four bytes of three. A page in UTF-16 makes 16 of 15 with a letter for 15 bits each,
and its mark of byte order counts more than what a server says of a file's encoding.
"""

import gzip
from pathlib import Path
from typing import Any

import numpy as np

from cxr.core.io import atomic

ENCODING = "utf-16"
BITS = 15
# The first of 2**15 letters in a row that are neither spaces, controls nor halves of others.
FIRST = 0x4000
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
    """Bytes as letters of 15 bits each, the last one filled with zeros."""
    letters = -(-8 * len(data) // BITS)
    groups = -(-letters // 8)
    # 15 bytes are eight letters, each within three bytes.
    padded = np.zeros((groups, BITS + 1), dtype=np.uint32)
    whole = np.frombuffer(data.ljust(groups * BITS, b"\0"), dtype=np.uint8)
    padded[:, :BITS] = whole.reshape(groups, BITS)
    values = np.empty((groups, 8), dtype="<u2")
    for letter in range(8):
        byte, bit = divmod(BITS * letter, 8)
        three = padded[:, byte] << 16 | padded[:, byte + 1] << 8
        if bit > 1:
            three |= padded[:, byte + 2]
        values[:, letter] = FIRST + (three >> (24 - BITS - bit) & (2**BITS - 1))
    return values.tobytes().decode("utf-16-le")[:letters]


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
