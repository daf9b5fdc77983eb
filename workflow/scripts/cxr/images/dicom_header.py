"""What the header of a DICOM file says of its pixels, where its tags may be missing or wrong."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
GREY = ("MONOCHROME1", "MONOCHROME2")
COLOURS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# Any other text in that tag is not repeated: it may name somebody.
RETIRED = ("HSV", "ARGB", "CMYK", "YBR_PARTIAL_422", "YBR_PARTIAL_420")
NO_IMAGE = "a DICOM file without an image"
COPIED = (
    *("ExtendedOffsetTable", "ExtendedOffsetTableLengths"),
    *(f"{name}PaletteColorLookupTableDescriptor" for name in ("Red", "Green", "Blue")),
    *(f"{name}PaletteColorLookupTableData" for name in ("Red", "Green", "Blue")),
    *(f"Segmented{name}PaletteColorLookupTableData" for name in ("Red", "Green", "Blue")),
)


class UnreadablePixels(ValueError):
    """A DICOM file without one readable image; the text is the reason in a few words."""


def values(data: Any, keyword: str) -> list[Any]:
    """A tag's values; none where it is missing, empty or damaged."""
    try:
        found = data.get(keyword)
        several = isinstance(found, Sequence) and not isinstance(found, str | bytes)
        return [one for one in (found if several else [found]) if one not in (None, "")]
    except Exception:  # noqa: BLE001 - values are converted here, and may hold anything
        return []


def value(data: Any, keyword: str) -> Any:
    """A tag's value, the first of several; None where there is none."""
    return next(iter(values(data, keyword)), None)


def numbers(data: Any, keyword: str) -> list[float | None]:
    """A tag's values as finite numbers, None for one that is none."""
    found = []
    for one in values(data, keyword):
        try:
            as_float = float(one)
        except (TypeError, ValueError, OverflowError):
            as_float = math.nan
        found.append(as_float if math.isfinite(as_float) else None)
    return found


def number(data: Any, keyword: str) -> float | None:
    """A tag's value as a finite number, None where there is none."""
    return next(iter(numbers(data, keyword)), None)


def integer(data: Any, keyword: str) -> int | None:
    """A tag's value as a whole number, None where it is none."""
    found = number(data, keyword)
    return None if found is None else int(found)


def text(data: Any, keyword: str) -> str:
    """A tag's value as text in capitals, empty where it is missing."""
    return str(value(data, keyword) or "").strip().upper()


def frames(data: Any) -> int:
    """The images of a file; one where the header does not say."""
    return max(1, integer(data, "NumberOfFrames") or 1)


def samples(data: Any) -> int:
    """The channels of a pixel, by its kind where the header does not say."""
    coloured = text(data, "PhotometricInterpretation") in COLOURS
    return integer(data, "SamplesPerPixel") or (len("RGB") if coloured else 1)


def functional_groups(data: Any) -> Iterator[Any]:
    """The parts of a header that hold the display of its one image, the most special first.

    An enhanced file has them in its functional groups, see PS3.3 C.7.6.16.
    """
    for name in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        group = value(data, name)
        for part in ("FrameVOILUTSequence", "PixelValueTransformationSequence"):
            found = value(group, part) if group is not None else None
            if found is not None:
                yield found
    yield data


def image_module(data: Any) -> Any:
    """A dataset of the pixels and what decoding needs, with what the header leaves open.

    Returns
    -------
    pydicom.Dataset
        Tags of the Image Pixel module (PS3.3 C.7.6.3) as a decoder expects them.

    Raises
    ------
    UnreadablePixels
        If there are no pixels or too many, or their size or kind is not said or not read.
    """
    from pydicom.dataset import Dataset

    image = Dataset()
    image.file_meta = data.file_meta
    keyword = next((name for name in PIXELS if data.get(name)), None)
    if keyword is None:
        raise UnreadablePixels(NO_IMAGE)
    image[keyword] = data[keyword]
    for name in COPIED:
        if name in data:
            image[name] = data[name]
    for name in ("Rows", "Columns", "BitsAllocated"):
        found = integer(data, name)
        if not found or not 0 < found < 2**16:
            raise UnreadablePixels(f"its header has no {name}")
        setattr(image, name, found)
    image.SamplesPerPixel = samples(data)
    stored = integer(data, "BitsStored") or 0
    size, pixels = len(image[keyword].value), image.Rows * image.Columns * image.SamplesPerPixel
    encapsulated = _is_encapsulated(image)
    if 8 < image.BitsAllocated < 16 and (encapsulated or size >= 2 * pixels):
        # They have that many bits, but each has two bytes.
        image.BitsAllocated = 16
    elif image.BitsAllocated == 16 and 0 < stored <= 8 and size in (pixels, pixels + 1):
        # As many bytes as pixels are not two each; an odd one is padded.
        image.BitsAllocated = 16 if encapsulated else 8
    if image.BitsAllocated not in (1, 8, 16, 32, 64):
        raise UnreadablePixels(f"pixels of {image.BitsAllocated} bits, which are not read")
    if not encapsulated and size >= 2 * max(1, pixels * image.BitsAllocated // 8):
        raise UnreadablePixels("more pixels than its header says")
    image.NumberOfFrames = 1
    if not 1 <= stored <= image.BitsAllocated:
        stored = image.BitsAllocated
    image.BitsStored = stored
    high = integer(data, "HighBit") or 0
    image.HighBit = high if stored <= high < image.BitsAllocated else stored - 1
    image.PixelRepresentation = int(integer(data, "PixelRepresentation") == 1)
    # Decoders have the channels of a pixel beside each other, whatever was before compression.
    planes = integer(data, "PlanarConfiguration") == 1 and not encapsulated
    image.PlanarConfiguration = int(planes)
    image.PhotometricInterpretation = _photometric(data, image)
    return image


def _is_encapsulated(image: Any) -> bool:
    syntax = image.file_meta.TransferSyntaxUID
    return bool(syntax.is_transfer_syntax and syntax.is_encapsulated)


def _photometric(data: Any, image: Any) -> str:
    """The photometric interpretation, where it can't be that of the header another one."""
    said = text(data, "PhotometricInterpretation").replace("_COLOR", " COLOR")
    if image.SamplesPerPixel == 1:
        return said if said in (*GREY, "PALETTE COLOR") else "MONOCHROME2"
    if image.SamplesPerPixel != len("RGB"):
        raise UnreadablePixels(f"pixels of {image.SamplesPerPixel} channels")
    if said in ("", "PALETTE COLOR", *GREY):
        return "RGB"
    if said not in COLOURS:
        kind = said if said in RETIRED else "of an unknown kind"
        raise UnreadablePixels(f"colours that are not read: {kind}")
    if said.startswith("YBR_FULL") and image.BitsAllocated == 8 and not _is_encapsulated(image):
        # Without compression, subsampled colours have two bytes a pixel.
        whole = image.Rows * image.Columns * image.SamplesPerPixel
        return "YBR_FULL" if len(image.PixelData) >= whole else "YBR_FULL_422"
    return said
