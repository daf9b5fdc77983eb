"""Grey DICOM pixels as a viewer shows them: rescaled, windowed, without their padding."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from cxr.images.dicom_header import functional_groups, number, numbers, text, value
from cxr.images.scaling import BRIGHTEST, row_blocks

# A window that clips all pixels but one in a hundred was never meant to be looked through.
USED = 0.01
# Highest value of a window's result, see `apply_windowing`, which takes it from BitsStored;
# within so much of it or of 0 a pixel counts as clipped: a sigmoid never reaches them.
WINDOWED = 2.0**16 - 1
MARGIN = 1.0
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


def shown(
    pixels: np.ndarray, outside: np.ndarray, data: Any, inverted: bool, dtype: type = np.uint8
) -> np.ndarray:
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
    dtype : type
        uint8, or float32 for pixels from 0 to 1 that keep their depth.

    Returns
    -------
    array of `dtype`, shape (height, width)
    """
    displays = list(_displays(data))
    for hidden in (outside, outside & _not_finite(pixels)):
        grey = _scaled(pixels, hidden, displays, dtype)
        if grey is not None:
            if inverted:
                np.subtract(BRIGHTEST[dtype], grey, out=grey)
            grey[hidden] = 0
            return grey
    return np.zeros(pixels.shape, dtype=dtype)


def _scaled(
    pixels: np.ndarray, hidden: np.ndarray, displays: list[Lookup], dtype: type
) -> np.ndarray | None:
    """The pixels by the first display that shows something of them; None where none does."""
    if pixels.dtype.kind == "f" or pixels.dtype.itemsize > 2:
        return _first_useful(pixels, ~hidden, displays, dtype)
    # Of few values each is shown once.
    unsigned = pixels.view(pixels.dtype.str.replace("i", "u"))
    counts = np.zeros(2 ** (8 * pixels.dtype.itemsize), dtype=np.int64)
    for rows in row_blocks(pixels.shape):
        counts += np.bincount(unsigned[rows][~hidden[rows]], minlength=len(counts))
    values = np.arange(len(counts), dtype=unsigned.dtype.newbyteorder("="))
    values = values.view(pixels.dtype.newbyteorder("="))
    table = _first_useful(values[:, None], counts[:, None], displays, dtype)
    if table is None:
        return None
    grey: np.ndarray = np.empty(pixels.shape, dtype=dtype)
    for rows in row_blocks(pixels.shape):
        grey[rows] = table[unsigned[rows], 0]
    return grey


def _first_useful(
    pixels: np.ndarray, weights: np.ndarray, displays: list[Lookup], dtype: type
) -> np.ndarray | None:
    grey: np.ndarray = np.empty(pixels.shape, dtype=dtype)
    for display in displays:
        span = _span(display, pixels, weights)
        if span is None:
            continue
        low, high = span
        for rows in row_blocks(pixels.shape):
            part = np.clip(np.nan_to_num(display.apply(pixels[rows]), nan=low), low, high)
            values = BRIGHTEST[dtype] * ((part - low) / (high - low))
            grey[rows] = np.round(values) if dtype is np.uint8 else values
        return grey
    return None


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


def _span(display: Lookup, pixels: np.ndarray, weights: np.ndarray) -> tuple[float, float] | None:
    """The range of the pixels with a weight; None where the display shows nothing of them."""
    low, high, inside, total = np.inf, -np.inf, 0, 0
    for rows in row_blocks(pixels.shape):
        weight = weights[rows]
        part, weight = display.apply(pixels[rows])[weight > 0], weight[weight > 0]
        if not part.size:
            continue
        low, high = min(low, float(part.min())), max(high, float(part.max()))
        total += int(weight.sum())
        if display.ends is not None:
            clipped = (part <= display.ends[0] + MARGIN) | (part >= display.ends[1] - MARGIN)
            inside += int(weight[~clipped].sum())
    if not low < high or not np.isfinite(high - low):
        return None
    return None if display.ends is not None and inside < USED * total else (low, high)


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

    said = text(part, "VOILUTFunction")
    # Without the file's own tags for the result's range, which may be missing or have no extent.
    clean = Dataset()
    clean.PhotometricInterpretation = "MONOCHROME2"
    clean.BitsStored, clean.PixelRepresentation = 16, 0
    pairs = zip(numbers(part, "WindowCenter"), numbers(part, "WindowWidth"), strict=False)
    for centre, width in pairs:
        if centre is not None and width is not None and width > 0:
            # Below 1, which LINEAR has no meaning for, it is of pixels with a small slope.
            linear = "LINEAR" if width >= 1 else "LINEAR_EXACT"
            clean.VOILUTFunction = said if said in ("LINEAR_EXACT", "SIGMOID") else linear
            clean.add_new("WindowCenter", "FD", centre)
            clean.add_new("WindowWidth", "FD", width)
            return Lookup(partial(apply_windowing, ds=clean), (0.0, WINDOWED))
    return None
