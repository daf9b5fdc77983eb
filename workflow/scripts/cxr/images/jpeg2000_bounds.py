"""What a JPEG 2000 image expands to, found out before it is expanded.

A decoder makes room for every tile, precinct and layer that the headers name, though no data
belong to it.
"""

import struct
from collections.abc import Iterator

from cxr.images.formats import CONTRADICTION

BEGIN = b"\xff\x4f\xff\x51"
SIZE, CODING, COMPONENT_CODING = 0xFF51, 0xFF52, 0xFF53
START_OF_TILE, START_OF_DATA, END = 0xFF90, 0xFF93, 0xFFD9
MAX_TILES = 4096
MAX_LAYERS = 256
# Side of the smallest precinct, in pixels of the whole image, as a power of two.
MIN_PRECINCT = 5
TOO_DIVIDED = f"divided into more than {MAX_TILES} tiles, or into tiny parts"


def division_problem(data: bytes, size: tuple[int, int]) -> str | None:
    """Why a JPEG 2000 image of that width and height can't be decoded, None where it can.

    Parameters
    ----------
    data : bytes
        The whole file.
    size : (int, int)
        As the file's own header says it, in front of the image.
    """
    try:
        for marker, values in _segments(data, _codestream(data)):
            if marker == SIZE:
                right, bottom, left, top, width, height, x, y = struct.unpack_from(">2x8L", values)
                if (right - left, bottom - top) != size:
                    return CONTRADICTION
                if -(-(right - x) // width) * -(-(bottom - y) // height) > MAX_TILES:
                    return TOO_DIVIDED
            elif (
                (marker == CODING and _is_divided(values[0], values[5:]))
                or (marker == COMPONENT_CODING and _is_divided(values[1], values[2:]))
                or (marker == CODING and int.from_bytes(values[2:4]) > MAX_LAYERS)
            ):
                return TOO_DIVIDED
    except (struct.error, IndexError, ZeroDivisionError):
        return CONTRADICTION
    return None


def _codestream(data: bytes) -> int:
    """Where the image begins in a file, behind the boxes of a .jp2."""
    at = 0
    while not data.startswith(BEGIN, at):
        length, kind = struct.unpack_from(">L4s", data, at)
        header = 16 if length == 1 else 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        step = header if kind == b"jp2c" else length
        if step < header:
            raise IndexError
        at += step
    return at


def _segments(data: bytes, start: int) -> Iterator[tuple[int, bytes]]:
    """The markers of the main header and of all tiles' headers, with their values."""
    at, next_tile = start + 2, 0
    while True:
        marker, length = struct.unpack_from(">HH", data, at)
        if marker == END:
            return
        if marker == START_OF_DATA:
            if next_tile <= at or next_tile + 4 > len(data):
                return
            at = next_tile
            continue
        values = data[at + 4 : at + 2 + length]
        if marker == START_OF_TILE:
            next_tile = at + struct.unpack_from(">2xL", values)[0]
        yield marker, values
        at += 2 + length


def _is_divided(style: int, values: bytes) -> bool:
    """Whether a coding style has tiny precincts: those of each resolution, the lowest first."""
    levels, precincts = values[0], values[5:] if style & 1 else b""
    return any(
        min(size & 15, size >> 4) + levels - resolution < MIN_PRECINCT
        for resolution, size in enumerate(precincts)
    )
