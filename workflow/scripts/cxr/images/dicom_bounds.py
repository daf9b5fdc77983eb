"""What a DICOM file expands to, found out before it is expanded."""

import struct
import zlib
from pathlib import Path
from typing import Any

from cxr.images.formats import (
    CONTRADICTION,
    EXPANDS,
    MAX_HEADER,
    MAX_PIXEL_BYTES,
    MAX_PIXELS,
    TOO_LARGE,
)

# Marker of the size of a JPEG or JPEG-LS image (start of frame).
START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
J2K_SIZE = b"\xff\x4f\xff\x51"
BLOCK = 2**20
# pydicom converts the colours of a whole image at once, as float32: a pixel counts as three.
COLOUR = 3
TOO_LARGE_COLOUR = f"more than {MAX_PIXELS // COLOUR // 10**6} million pixels in colour"
# Bytes that one run of RLE may stand for; a last one may pad a segment.
RUN = 128


class UnreadablePixels(ValueError):
    """A DICOM file without one readable image; the text is the reason in a few words."""


def require_bounded_file(path: Path) -> None:
    """Checks that a file, inflated where it is deflated as a whole, fits into memory.

    Raises
    ------
    UnreadablePixels
        If it does not.
    pydicom.errors.InvalidDicomError
        If it is no DICOM file.
    """
    from pydicom.filereader import read_file_meta_info, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    most = MAX_PIXEL_BYTES + MAX_HEADER
    if path.stat().st_size > most:
        raise UnreadablePixels(f"a file of more than {most // 10**6} MB")
    meta = read_file_meta_info(path)
    if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return
    with path.open("rb") as stream:
        read_preamble(stream, force=False)
        # The length of the file meta information, the first element, counts from its end.
        stream.seek(12 + meta.FileMetaInformationGroupLength, 1)
        inflated, inflater = 0, zlib.decompressobj(-zlib.MAX_WBITS)
        data = stream.read(BLOCK)
        while data and not inflater.eof:
            inflated += len(inflater.decompress(data, BLOCK))
            if inflated > most:
                raise UnreadablePixels(EXPANDS)
            data = inflater.unconsumed_tail or stream.read(BLOCK)


def bounded_pixels(path: Path) -> int:
    """The pixels of a file by its header, more where they are deep.

    Raises
    ------
    UnreadablePixels
        If the file is no DICOM file, or holds several images or one that is too large.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        require_bounded_file(path)
        data = pydicom.dcmread(path, stop_before_pixels=True)
    except InvalidDicomError as error:
        raise UnreadablePixels("not an image that can be read") from error
    if int(data.get("NumberOfFrames") or 1) > 1:
        raise UnreadablePixels("a stack of several images")
    pixels = int(data.get("Rows") or 0) * int(data.get("Columns") or 0)
    if pixels > MAX_PIXELS:
        raise UnreadablePixels(TOO_LARGE)
    size = pixels * _pixel_bytes(data)
    if int(data.get("SamplesPerPixel") or 1) > 1:
        pixels *= COLOUR
        if pixels > MAX_PIXELS:
            raise UnreadablePixels(TOO_LARGE_COLOUR)
    if size > MAX_PIXEL_BYTES:
        raise UnreadablePixels(EXPANDS)
    return max(pixels, size * MAX_PIXELS // MAX_PIXEL_BYTES)


def require_bounded_frame(data: Any) -> None:
    """Checks that the compressed image of a dataset is as large as its header says.

    Decoders make room by what the image itself says, and a run of RLE has 64 times its bytes.

    Raises
    ------
    UnreadablePixels
        If it is another one.
    """
    from pydicom.encaps import get_frame
    from pydicom.uid import JPEG2000TransferSyntaxes, RLELossless

    syntax = data.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return
    frame = get_frame(data.PixelData, 0, number_of_frames=1)
    rows, columns = int(data.Rows), int(data.Columns)
    if syntax == RLELossless:
        fits = _longest_segment(frame, rows * columns) <= rows * columns + RUN
    else:
        sized = _jpeg2000_size if syntax in JPEG2000TransferSyntaxes else _jpeg_size
        fits = sized(frame) == (rows, columns, int(data.SamplesPerPixel))
    if not fits:
        raise UnreadablePixels(CONTRADICTION)


def _pixel_bytes(data: Any) -> int:
    """Bytes of a pixel with all its channels; those of one bit are unpacked to bytes."""
    return int(data.get("SamplesPerPixel") or 1) * -(-int(data.get("BitsAllocated") or 16) // 8)


def _longest_segment(frame: bytes, usual: int) -> int:
    """The bytes that a segment of RLE stands for, of the first that is longer than `usual`."""
    count, *offsets = struct.unpack_from("<16L", frame)
    ends = [*offsets[1 : min(count, 15)], len(frame)]
    longest = 0
    for start, end in zip(offsets, ends, strict=False):
        total, at = 0, start
        while at < end and total <= usual + RUN:
            header = frame[at]
            if header < RUN:
                total, at = total + header + 1, at + header + 2
            elif header == RUN:
                at += 1
            else:
                total, at = total + 2 * RUN + 1 - header, at + 2
        longest = max(longest, total)
    return longest


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and channels by the header of a JPEG or JPEG-LS image; None without one."""
    at = 2
    while at + 10 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in START_OF_FRAME:
            rows, columns = (int.from_bytes(frame[at + i : at + i + 2]) for i in (5, 7))
            return rows, columns, frame[at + 9]
        at += 1 if marker == 0xFF else 2 + int.from_bytes(frame[at + 2 : at + 4])
    return None


def _jpeg2000_size(frame: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and channels by the header of a JPEG 2000 image; None without one."""
    at = 0
    while not frame.startswith(J2K_SIZE, at):
        # Some files have the boxes of a .jp2 around it.
        length, kind = int.from_bytes(frame[at : at + 4]), frame[at + 4 : at + 8]
        step = 8 if kind == b"jp2c" else length
        if step < 8 or at + step >= len(frame):
            return None
        at += step
    sizes = struct.unpack_from(">4L16xH", frame, at + 8)
    right, bottom, left, top, channels = sizes
    return bottom - top, right - left, channels
