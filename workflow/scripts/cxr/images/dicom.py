"""DICOM files: their pixels as a viewer shows them, and a few of their tags."""

import logging
import re
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from cxr.core.secret import pseudonym
from cxr.images.dicom_bits import has_lost_signs, stored_values
from cxr.images.dicom_bounds import DICM_END, bounded_frame, is_dataset, read_bounded
from cxr.images.dicom_colour import colours_of_frame, palette_colours
from cxr.images.dicom_deep_jpeg import decode_deep_jpeg, is_deep_jpeg
from cxr.images.dicom_grey import padding, shown
from cxr.images.dicom_header import GREY, UnreadablePixels, image_module, text
from cxr.images.dicom_tags import fields_of_tags, tag_texts
from cxr.images.formats import DICOM_SUFFIXES
from cxr.images.kinds import begins_as_dicom
from cxr.images.scaling import scale_range
from cxr.metadata import normalise

# Its warnings quote values of a file, which may be a patient's name, and would go to the log.
logging.getLogger("pydicom").propagate = False
warnings.filterwarnings("ignore", module=r"pydicom|cxr\.images\.dicom")

# Tags that are read, by their column of the shared schema.
TAGS = {
    "patient_id": "PatientID",
    "sex": "PatientSex",
    "age_years": "PatientAge",
    "view": "ViewPosition",
    "date": "StudyDate",
    "modality": "Modality",
}
# Codes are kept that the schema knows, or that are made of DICOM's terms (PS3.3); any other
# text in their tags may name somebody.
PARSERS = {"sex": normalise.sex, "view": normalise.view, "modality": normalise.modality}
TERMS = {
    "sex": "O",
    "view": "AP PA L R LL RL LLD LLO RLD RLO LAO RAO LPO RPO LAT LATERAL OBLIQUE SUPINE ERECT",
    "modality": "CR DX CT MR MG RF XA RG IO PX US NM PT OT SC SEG SR PR KO",
}
# In place of a patient's id that is one of the words which anonymising puts there.
ANONYMOUS = "dicom-anonymous"
NOBODY = re.compile(
    r"(patient|subject)?(anon|anonym|anonymous|anonymi[sz]ed|anonyme|anonymisiert|deidentified|"
    r"removed|redacted|none|null|nil|na|nan|noid|nopatientid|unknown|unnamed|notavailable|x{3,})?"
    r"(patient|subject)?(id)?(removed)?"
)
NO_DECODER = "no decoder for its compression"
UNLISTED = "a text of no listed code"
AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def is_dicom(path: Path) -> bool:
    """Whether a file has DICOM's preamble, or its suffix and begins as a data set does."""
    with path.open("rb") as stream:
        start = stream.read(DICM_END)
    named = path.suffix.casefold() in DICOM_SUFFIXES
    return is_dataset(start) if named else begins_as_dicom(start)


def read_pixels(path: Path, dtype: type = np.uint8) -> np.ndarray:
    """The image as a viewer shows it, dark meaning little absorption.

    Grey pixels are rescaled and windowed, see `cxr.images.dicom_grey.shown`; MONOCHROME1
    is inverted; padding is black. Colours become RGB by pydicom, once; of more than 8 bits
    they are scaled from their own range.

    Parameters
    ----------
    path : Path
        A file of one image that is not too large, see `cxr.images.dicom_bounds`.
    dtype : type
        uint8, or float32 for grey pixels from 0 to 1 that keep their depth.

    Returns
    -------
    array, shape (height, width), of `dtype`; or uint8 array, shape (height, width, 3)

    Raises
    ------
    UnreadablePixels
        If the file is no whole DICOM file, holds no image or another one than its
        header says, or there is no decoder for its compression.
    """
    from pydicom.errors import InvalidDicomError

    try:
        data = read_bounded(path)
        image = image_module(data)
        return _shown(data, image, dtype)
    except InvalidDicomError as error:
        raise UnreadablePixels("not an image that can be read") from error
    except (UnreadablePixels, MemoryError, OSError):
        raise
    except Exception as error:
        # Each library of decoders has its own errors.
        raise UnreadablePixels("truncated or damaged") from error


def _shown(data: Any, image: Any, dtype: type) -> np.ndarray:
    from pydicom import uid

    raw = _decoded(image)
    # These hold no bits beside the pixels', and say themselves how many bits these have.
    exact = image.file_meta.TransferSyntaxUID in (
        *uid.JPEG2000TransferSyntaxes,
        *uid.JPEGLSTransferSyntaxes,
    )
    pixels = raw if exact and not has_lost_signs(raw, image) else stored_values(raw, image)
    space = image.PhotometricInterpretation
    if space == "PALETTE COLOR":
        return palette_colours(pixels, image)
    if space not in GREY:
        return pixels if pixels.dtype == np.uint8 else scale_range(pixels, np.uint8)
    outside = padding(raw, pixels, data)
    del raw
    inverted = space == "MONOCHROME1" or text(data, "PresentationLUTShape") == "INVERSE"
    return shown(pixels, outside, data, inverted, dtype)


def _decoded(image: Any) -> np.ndarray:
    """The pixels of `image_module`'s dataset, its colours as RGB or indices of a palette."""
    from pydicom.pixels import get_decoder
    from pydicom.uid import JPEGExtended12Bit, RLELossless

    syntax = image.file_meta.TransferSyntaxUID
    # Of others the name is what the file says, which may be anything.
    reason = f"{NO_DECODER} ({syntax.name})" if syntax.is_transfer_syntax else NO_DECODER
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as error:
        raise UnreadablePixels(reason) from error
    if not decoder.is_available:
        raise UnreadablePixels(reason)
    frame = bounded_frame(image)
    if frame is not None and syntax == JPEGExtended12Bit and is_deep_jpeg(frame):
        return decode_deep_jpeg(frame, image)
    if frame is not None and syntax != RLELossless and image.SamplesPerPixel > 1:
        image.PhotometricInterpretation = colours_of_frame(frame, image.PhotometricInterpretation)
    # Bits beside the pixels' are left to `stored_values`: pydicom takes HighBit for granted.
    options: Any = {"correct_unused_bits": False}
    try:
        pixels: np.ndarray = decoder.as_array(image, index=0, **options)[0]
    except RuntimeError as error:
        # pydicom's words for kinds of a compression that none of its decoders has.
        if any(words in str(error) for words in ("does not support", "with a sample precision")):
            raise UnreadablePixels(reason) from error
        raise
    return pixels


def read_tags(
    path: Path, names: Collection[str] = tuple(TAGS), keywords: Collection[str] = ()
) -> dict[str, str | None]:
    """Some tags of `TAGS` as text for the shared schema, None where a file lacks one.

    Tags of other keywords are read as own fields, see `cxr.images.dicom_tags`.

    The patient's id is replaced by a hash with this installation's secret, or by
    `ANONYMOUS`, text in place of a code by `UNLISTED`. A file that can't be read has no
    tags; decoding it gives the reason.

    Raises
    ------
    InputError
        If there is an id or a text to hash, and the secret can't be read or made.
    """
    tags = {name: TAGS[name] for name in names}
    try:
        wanted = [*tags.values(), *keywords]
        data = read_bounded(path, stop_before_pixels=True, specific_tags=wanted)
        texts = {name: _text(data.get(tag)) for name, tag in tags.items()}
        own = tag_texts(data, keywords)
    except Exception:  # noqa: BLE001 - a damaged file may raise anything
        return {**dict.fromkeys(names), **fields_of_tags(dict.fromkeys(keywords))}
    shared = {name: None if text is None else _safe(name, text) for name, text in texts.items()}
    return {**shared, **fields_of_tags(own)}


def names_nobody(patient: str) -> bool:
    """Whether a patient's id is one of the words that anonymising puts in its place."""
    return NOBODY.fullmatch(re.sub(r"[\W_]+", "", patient.casefold())) is not None


def _safe(name: str, text: str) -> str | None:
    """A tag's text without what may name a person or a place."""
    if name == "patient_id":
        return ANONYMOUS if names_nobody(text) else f"dicom-{pseudonym(text)}"
    if name == "age_years":
        return _age(text)
    if name == "date":
        return _date(text)
    listed = set(text.upper().split()) <= set(TERMS[name].split())
    return text if listed or PARSERS[name](text) is not None else UNLISTED


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _age(text: str) -> str | None:
    """An age string such as 045Y, 006M or, against the standard, 45, in years."""
    age = re.fullmatch(r"([0-9]{1,3})([YMWD]?)", text.upper())
    return f"{int(age[1]) * AGE_UNITS[age[2] or 'Y']:.2f}" if age else None


def _date(text: str) -> str | None:
    """YYYYMMDD, or YYYY.MM.DD as before 1993, as YYYY-MM-DD."""
    date = re.fullmatch(r"([0-9]{4})([.-]?)([0-9]{2})\2([0-9]{2})", text)
    return f"{date[1]}-{date[3]}-{date[4]}" if date else None
