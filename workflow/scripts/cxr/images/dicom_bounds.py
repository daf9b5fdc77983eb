"""What a DICOM file expands to, found out before it is expanded."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cxr.images.dicom_header import UnreadablePixels, frames, integer, samples, text
from cxr.images.formats import (
    CONTRADICTION,
    EXPANDS,
    MAX_HEADER,
    MAX_PIXEL_BYTES,
    MAX_PIXELS,
    TOO_LARGE,
)
from cxr.images.kinds import begins_as_dicom

# Marker of the size of a JPEG or JPEG-LS image (start of frame).
START_OF_FRAME = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
START_OF_SCAN = 0xDA
J2K_SIZE = b"\xff\x4f\xff\x51"
J2K_STYLE, J2K_TILE = 0x52, 0x90
# A file's bytes up to the end of its prefix; the groups that a file without it begins with.
DICM_END = 132
META_GROUP = b"\x02\x00"
FIRST_GROUPS = (META_GROUP, b"\x08\x00", b"\x00\x08")
MAX_PALETTE = 2**16
# Rows, columns, channels and bits of a compressed image.
Size = tuple[int, int, int, int]
BLOCK = 2**20
# pydicom converts the colours of a whole image at once, as float32: a pixel counts as three.
COLOUR = 3
TOO_LARGE_COLOUR = f"more than {MAX_PIXELS // COLOUR // 10**6} million pixels in colour"
# Bytes that one run of RLE may stand for; a last one may pad a segment.
RUN = 128


def require_bounded_file(path: Path) -> None:
    """Checks that a file, inflated where it is deflated as a whole, fits into memory.

    Raises
    ------
    UnreadablePixels
        If it does not.
    pydicom.errors.InvalidDicomError
        If it is no DICOM file.
    """
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_dataset, read_preamble
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    most = MAX_PIXEL_BYTES + MAX_HEADER
    if path.stat().st_size > most:
        raise UnreadablePixels(f"a file of more than {most // 10**6} MB")
    with path.open("rb") as stream:
        if not is_dataset(stream.read(DICM_END)):
            raise InvalidDicomError
        stream.seek(0)
        read_preamble(stream, force=True)
        begin = stream.tell()
        meta: Any = {}
        if stream.read(2) == META_GROUP:
            stream.seek(begin)
            meta = read_dataset(
                stream, False, True, stop_when=lambda tag, _vr, _length: tag.group != 2
            )
        if meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
            return
        inflated, inflater = 0, zlib.decompressobj(-zlib.MAX_WBITS)
        data = stream.read(BLOCK)
        while data and not inflater.eof:
            inflated += len(inflater.decompress(data, BLOCK))
            if inflated > most:
                raise UnreadablePixels(EXPANDS)
            data = inflater.unconsumed_tail or stream.read(BLOCK)


def is_dataset(start: bytes) -> bool:
    """Whether a file's first 132 bytes are DICOM's preamble, or a data set without one."""
    return begins_as_dicom(start) or start[:2] in FIRST_GROUPS


def read_bounded(path: Path, **options: Any) -> Any:
    """A file as a `pydicom.FileDataset` with a transfer syntax.

    Parameters
    ----------
    path : Path
    **options
        As of `pydicom.dcmread`.

    Raises
    ------
    UnreadablePixels
        If it does not fit into memory.
    pydicom.errors.InvalidDicomError
        If it is no DICOM file.
    """
    import pydicom
    from pydicom import uid

    require_bounded_file(path)
    data = pydicom.dcmread(path, force=True, **options)
    if "TransferSyntaxUID" not in data.file_meta:
        implicit, little = data.original_encoding
        explicit = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
        data.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian if implicit else explicit
    return data


def bounded_pixels(path: Path) -> int:
    """The pixels of a file by its header, more where they are deep.

    Raises
    ------
    UnreadablePixels
        If the file is no DICOM file, or holds several images or one that is too large.
    """
    from pydicom.errors import InvalidDicomError

    try:
        data = read_bounded(path, stop_before_pixels=True)
    except InvalidDicomError as error:
        raise UnreadablePixels("not an image that can be read") from error
    except (UnreadablePixels, OSError):
        raise
    except Exception as error:
        raise UnreadablePixels("truncated or damaged") from error
    if frames(data) > 1:
        raise UnreadablePixels("a stack of several images")
    pixels = (integer(data, "Rows") or 0) * (integer(data, "Columns") or 0)
    if pixels > MAX_PIXELS:
        raise UnreadablePixels(TOO_LARGE)
    size = pixels * _pixel_bytes(data)
    if samples(data) > 1 or text(data, "PhotometricInterpretation").startswith("PALETTE"):
        pixels *= COLOUR
        if pixels > MAX_PIXELS:
            raise UnreadablePixels(TOO_LARGE_COLOUR)
    if size > MAX_PIXEL_BYTES:
        raise UnreadablePixels(EXPANDS)
    return max(pixels, size * MAX_PIXELS // MAX_PIXEL_BYTES)


def bounded_frame(image: Any) -> bytes | None:
    """The compressed image of a dataset, as large as its header says; None without compression.

    Decoders make room by what the image itself says, and a run of RLE has 64 times its bytes.
    Others write past the room that a header with other bits makes: pixels that have fewer
    count with these.

    Parameters
    ----------
    image : pydicom.Dataset
        As of `cxr.images.dicom_header.image_module`; its bits may be changed.

    Raises
    ------
    UnreadablePixels
        If it is another one.
    """
    from pydicom.encaps import get_frame
    from pydicom.uid import JPEG2000TransferSyntaxes, RLELossless

    syntax = image.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated:
        return None
    frame: bytes = get_frame(image.PixelData, 0, number_of_frames=1)
    rows, columns = image.Rows, image.Columns
    if syntax == RLELossless:
        fits = _longest_segment(frame, rows * columns) <= rows * columns + RUN
    else:
        sized = _jpeg2000_size if syntax in JPEG2000TransferSyntaxes else _jpeg_size
        *size, bits = sized(frame) or (0, 0)
        allocated = next((room for room in (8, 16, 32) if bits <= room), bits)
        fits = size == [rows, columns, image.SamplesPerPixel] and allocated <= image.BitsAllocated
        if allocated < image.BitsAllocated:
            image.BitsAllocated, image.BitsStored, image.HighBit = allocated, bits, bits - 1
    if not fits:
        raise UnreadablePixels(CONTRADICTION)
    return frame


def require_bounded_palette(image: Any) -> None:
    """Checks what the segments of a palette expand to (PS3.3 C.7.9.2).

    Raises
    ------
    UnreadablePixels
        If that is more than the largest palette has, or one repeats others.
    """
    for name in ("Red", "Green", "Blue"):
        data = image.get(f"Segmented{name}PaletteColorLookupTableData")
        if data is None:
            continue
        wide = image.RedPaletteColorLookupTableDescriptor[2] > 8
        words = np.frombuffer(data[: len(data) // 2 * 2], dtype="<u2" if wide else "u1")
        entries, at = 0, 0
        while at + 1 < len(words) and entries <= MAX_PALETTE:
            kind, count = int(words[at]), int(words[at + 1])
            if kind > 1:
                raise UnreadablePixels("a palette of repeated segments, which is not read")
            entries += count
            at += 3 if kind else 2 + count
        if entries > MAX_PALETTE:
            raise UnreadablePixels(EXPANDS)


def _pixel_bytes(data: Any) -> int:
    """Bytes of a pixel with all its channels; those of one bit are unpacked to bytes."""
    return samples(data) * -(-(integer(data, "BitsAllocated") or 16) // 8)


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


def jpeg_segments(frame: bytes) -> Iterator[tuple[int, bytes]]:
    """The markers of a JPEG or JPEG-LS image before its pixels, each with what it holds."""
    at = 2
    while at + 4 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker in (START_OF_SCAN, J2K_TILE):
            return
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(frame[at + 2 : at + 4])
        yield marker, frame[at + 4 : at + 2 + length]
        at += 2 + length


def _jpeg_size(frame: bytes) -> Size | None:
    """Rows, columns, channels and bits by the header of a JPEG or JPEG-LS; None without one."""
    for marker, part in jpeg_segments(frame):
        if marker in START_OF_FRAME and len(part) > 5:
            return int.from_bytes(part[1:3]), int.from_bytes(part[3:5]), part[5], part[0]
    return None


def _jpeg2000_size(frame: bytes) -> Size | None:
    """Rows, columns, channels and bits by the header of a JPEG 2000 image; None without one."""
    return jpeg2000_parts(frame)[0]


def jpeg2000_parts(frame: bytes) -> tuple[Size | None, bool | None]:
    """Of a JPEG 2000 image its size, as `Size`, and whether its channels are transformed.

    None for what it does not say, and where its channels are not alike.
    """
    at = 0
    while not frame.startswith(J2K_SIZE, at):
        # Some files have the boxes of a .jp2 around it.
        length, kind = int.from_bytes(frame[at : at + 4]), frame[at + 4 : at + 8]
        step = 8 if kind == b"jp2c" else length
        if step < 8 or at + step >= len(frame):
            return None, None
        at += step
    right, bottom, left, top, channels = struct.unpack_from(">4L16xH", frame, at + 8)
    kinds = {frame[at + 42 + 3 * channel : at + 45 + 3 * channel] for channel in range(channels)}
    kind = kinds.pop() if len(kinds) == 1 else b""
    if kind[1:] != b"\1\1":
        return None, None
    size = bottom - top, right - left, channels, (kind[0] & 0x7F) + 1
    # Its markers are laid out as those of a JPEG; the style of its coding names the transform.
    styles = (part[4:5] for marker, part in jpeg_segments(frame[at:]) if marker == J2K_STYLE)
    style = next(styles, b"")
    return size, style != b"\0" if style else None
