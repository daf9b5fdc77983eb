"""Grey DICOM pixels as a viewer shows them: rescaled, windowed, without their padding."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from cxr.images.dicom_header import functional_groups, number, numbers, text, value
from cxr.images.scaling import row_blocks

# A window that clips all pixels but one in a thousand was never meant to be looked through.
USED = 1e-3
# Highest value of a window's result, see `apply_windowing`, which takes it from BitsStored.
WINDOWED = 2.0**16 - 1
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
PADDING = (
    ("PixelPaddingValue", "PixelPaddingRangeLimit"),
    ("FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit"),
    ("DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit"),
)


@dataclass(frozen=True)
class Lookup:
    """A step of a DICOM file's display.

    Attributes
    ----------
    apply : function
        From an array of pixels to one of float64 of the same shape.
    ends : pair of floats or None
        The values that clipped pixels get, None where none are clipped.
    """

    apply: Callable[[np.ndarray], np.ndarray]
    ends: tuple[float, float] | None = None


AS_STORED = Lookup(lambda pixels: pixels.astype(np.float64))


def stored_values(pixels: np.ndarray, image: Any) -> np.ndarray:
    """Pixels of whole numbers without what the file holds in the bits beside theirs.

    Parameters
    ----------
    pixels : array of numbers, shape (height, width) or (height, width, channels)
    image : pydicom.Dataset
        As of `cxr.images.dicom_header.image_module`.
    """
    bits, size = image.get("BitsStored"), 8 * pixels.dtype.itemsize
    if pixels.dtype.kind == "f" or image.BitsAllocated == 1 or bits >= size:
        return pixels
    high = image.HighBit
    if high >= bits and _within(pixels, bits):
        # The header says that they lie in the upper bits, but nothing does.
        high = bits - 1
    shifted = np.left_shift(pixels, size - 1 - high)
    return np.right_shift(shifted, size - bits, out=shifted)


def _within(pixels: np.ndarray, bits: int) -> bool:
    return bool(pixels.min() >= -(2 ** (bits - 1)) and pixels.max() < 2**bits)


def padding(raw: np.ndarray, pixels: np.ndarray, data: Any) -> np.ndarray:
    """Which pixels are none: outside what was exposed (PS3.3 C.7.5.1.1.2), or not finite.

    Parameters
    ----------
    raw : array of numbers, shape (height, width)
        Before `stored_values`; some files have their padding in the bits beside.
    pixels : array of numbers, shape (height, width)
        After it.
    data : pydicom.Dataset

    Returns
    -------
    bool array, shape (height, width)
    """
    outside = _not_finite(pixels)
    for name, limit_name in PADDING:
        first, last = number(data, name), number(data, limit_name)
        if first is None:
            continue
        last = first if last is None else last
        for values in (pixels,) if raw is pixels else (raw, pixels):
            ends = [_as_stored(end, values.dtype) for end in (first, last)]
            outside |= (values >= min(ends)) & (values <= max(ends))
    return outside


def _as_stored(end: float, dtype: np.dtype) -> float:
    """A value with the sign of the pixels, where its tag of 16 bits has the other one."""
    if dtype.kind == "f":
        return end
    if dtype.itemsize == 2 and dtype.kind == "u" and -(2**15) <= end < 0:
        end += 2**16
    elif dtype.itemsize == 2 and dtype.kind == "i" and 2**15 <= end < 2**16:
        end -= 2**16
    return int(end)


def shown(pixels: np.ndarray, outside: np.ndarray, data: Any, inverted: bool) -> np.ndarray:
    """Grey pixels as their rescaling and window show them, scaled to 0..255.

    Modality table, or rescale slope and intercept; then the VOI table, or the
    first window (PS3.3 C.11.1, C.11.2). Steps that can't be followed, or leave
    one colour or none but the clipped pixels, are left out. What remains is
    scaled from its own range.

    Parameters
    ----------
    pixels : array of numbers, shape (height, width)
    outside : bool array, shape (height, width)
        Padding: no part of the range, and black.
    data : pydicom.Dataset
    inverted : bool
        Whether large values are dark.

    Returns
    -------
    uint8 array, shape (height, width)
    """
    grey = np.zeros(pixels.shape, dtype=np.uint8)
    for hidden in (outside, outside & _not_finite(pixels)):
        for display in _displays(data):
            span = _span(display, pixels, hidden)
            if span is None:
                continue
            low, high = span
            for rows in row_blocks(pixels.shape):
                part = np.clip(np.nan_to_num(display.apply(pixels[rows]), nan=low), low, high)
                block = np.round(255 * ((part - low) / (high - low))).astype(np.uint8)
                grey[rows] = 255 - block if inverted else block
            grey[hidden] = 0
            return grey
    return grey


def _not_finite(pixels: np.ndarray) -> np.ndarray:
    return ~np.isfinite(pixels)


def _displays(data: Any) -> Iterator[Lookup]:
    """The ways to show pixels that the header offers, the best first, the last without it."""
    parts = list(functional_groups(data))
    order = "<" if data.file_meta.TransferSyntaxUID.is_little_endian else ">"
    modality = next(_modalities(parts, order), AS_STORED)
    for voi in islice(_vois(parts, order), 2):
        yield Lookup(partial(_in_turn, steps=(modality, voi)), voi.ends)
    yield modality
    yield AS_STORED


def _in_turn(pixels: np.ndarray, steps: Iterable[Lookup]) -> np.ndarray:
    for step in steps:
        pixels = step.apply(pixels)
    return pixels


def _span(display: Lookup, pixels: np.ndarray, hidden: np.ndarray) -> tuple[float, float] | None:
    """The range of the pixels that are not hidden; None where it shows nothing of them."""
    ends = display.ends
    low, high, inside, total = np.inf, -np.inf, 0, 0
    for rows in row_blocks(pixels.shape):
        part = display.apply(pixels[rows])[~hidden[rows]]
        if not part.size:
            continue
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        total += part.size
        if ends is not None:
            margin = (ends[1] - ends[0]) / WINDOWED
            inside += int(np.sum((part > ends[0] + margin) & (part < ends[1] - margin)))
    if not low < high or not np.isfinite(high - low):
        return None
    return None if ends is not None and inside < USED * total else (low, high)


def _modalities(parts: Iterable[Any], order: str) -> Iterator[Lookup]:
    for part in parts:
        table = _table(value(part, "ModalityLUTSequence"), order)
        if table is not None:
            yield table
        slope, intercept = number(part, "RescaleSlope"), number(part, "RescaleIntercept")
        if slope or intercept:
            yield Lookup(partial(_rescaled, slope=slope or 1.0, intercept=intercept or 0.0))


def _rescaled(pixels: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    return slope * pixels.astype(np.float64) + intercept


def _vois(parts: Iterable[Any], order: str) -> Iterator[Lookup]:
    for part in parts:
        table = _table(value(part, "VOILUTSequence"), order)
        if table is not None:
            yield table
        window = _window(part)
        if window is not None:
            yield window


def _table(item: Any, order: str) -> Lookup | None:
    """The lookup table of a sequence's item; None where it is none.

    pydicom's own needs the table's depth and the pixels' to agree, which they often don't.
    """
    try:
        entries, first = (int(end) for end in item.LUTDescriptor[:2])
        entries = entries or 2**16
        data = item.LUTData
        if isinstance(data, bytes):
            data = np.frombuffer(data, f"{order}u2" if len(data) >= 2 * entries else "u1")
        table = np.asarray(data, dtype=np.float64)[:entries]
    except Exception:  # noqa: BLE001 - there is no item, or it is damaged and may hold anything
        return None
    return Lookup(partial(_looked_up, table=table, first=first)) if len(table) > 1 else None


def _looked_up(pixels: np.ndarray, table: np.ndarray, first: int) -> np.ndarray:
    at = np.clip(np.nan_to_num(pixels.astype(np.float64)) - first, 0, len(table) - 1)
    return np.asarray(table[at.astype(np.intp)])


def _window(part: Any) -> Lookup | None:
    """The first window that is one, by pydicom; None where there is none."""
    from pydicom.dataset import Dataset
    from pydicom.pixels import apply_windowing

    function = text(part, "VOILUTFunction")
    # Without the file's own tags for the result's range, which may be missing or have no extent.
    clean = Dataset()
    clean.PhotometricInterpretation = "MONOCHROME2"
    clean.BitsStored, clean.PixelRepresentation = 16, 0
    clean.VOILUTFunction = function if function in FUNCTIONS else "LINEAR"
    least = 1 if clean.VOILUTFunction == "LINEAR" else np.nextafter(0, 1)
    pairs = zip(numbers(part, "WindowCenter"), numbers(part, "WindowWidth"), strict=False)
    for centre, width in pairs:
        if centre is not None and width is not None and width >= least:
            clean.add_new("WindowCenter", "FD", centre)
            clean.add_new("WindowWidth", "FD", width)
            return Lookup(partial(apply_windowing, ds=clean), (0.0, WINDOWED))
    return None
