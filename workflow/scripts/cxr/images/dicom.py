"""DICOM files: their pixels as a viewer shows them, and a few of their tags."""

import logging
import re
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from cxr.core.secret import pseudonym
from cxr.images.dicom_bounds import (
    UnreadablePixels,
    require_bounded_file,
    require_bounded_frame,
)
from cxr.images.dicom_tags import fields_of_tags, tag_texts
from cxr.images.formats import DICOM_SUFFIXES
from cxr.images.scaling import row_blocks, scale_to_bytes
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
UNLISTED = "a text of no listed code"
AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def is_dicom(path: Path) -> bool:
    """Whether a file has DICOM's preamble or suffix."""
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM" or path.suffix.casefold() in DICOM_SUFFIXES


def read_pixels(path: Path) -> np.ndarray:
    """The image with its rescaling and window applied, dark meaning little absorption.

    Rescale slope and intercept or the modality table, then the first window or
    the VOI table where there is one; MONOCHROME1 is inverted; what remains is
    scaled from its own range to 0..255.

    Parameters
    ----------
    path : Path
        A file of one image that is not too large, see `cxr.images.dicom_bounds`.

    Returns
    -------
    uint8 array, shape (height, width) or (height, width, 3)

    Raises
    ------
    UnreadablePixels
        If the file is no whole DICOM file, holds no image or another one than its
        header says, or there is no decoder for its compression.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError
    from pydicom.pixels import apply_modality_lut, apply_voi_lut, convert_color_space

    try:
        data = pydicom.dcmread(path)
        require_bounded_frame(data)
        pixels = data.pixel_array
        if pixels.ndim == 3:
            space = data.PhotometricInterpretation
            rgb = space in ("RGB", "PALETTE COLOR") or not space.startswith("YBR")
            if not rgb:
                pixels = _in_blocks(lambda p: convert_color_space(p, space, "RGB"), pixels)
            return scale_to_bytes(pixels)
        pixels = _in_blocks(lambda p: apply_voi_lut(apply_modality_lut(p, data), data), pixels)
    except InvalidDicomError as error:
        raise UnreadablePixels("not an image that can be read") from error
    except UnreadablePixels:
        raise
    except (AttributeError, KeyError) as error:
        raise UnreadablePixels("a DICOM file without an image") from error
    except NotImplementedError as error:
        raise UnreadablePixels("no decoder for its compression") from error
    except Exception as error:
        # Each library of decoders has its own errors.
        reason = (
            "no decoder for its compression" if "decod" in str(error) else "truncated or damaged"
        )
        raise UnreadablePixels(reason) from error
    grey = scale_to_bytes(pixels)
    return 255 - grey if data.get("PhotometricInterpretation") == "MONOCHROME1" else grey


def _in_blocks(function: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray) -> np.ndarray:
    """What a function makes of each pixel, without copies of the whole image in between."""
    result = None
    for rows in row_blocks(pixels.shape):
        block = function(pixels[rows])
        if result is None:
            result = np.empty(pixels.shape, dtype=block.dtype)
        result[rows] = block
    assert result is not None
    return result


def read_tags(
    path: Path, names: Collection[str] = tuple(TAGS), keywords: Collection[str] = ()
) -> dict[str, str | None]:
    """Some tags of `TAGS` as text for the shared schema, None where a file lacks one.

    Tags of other keywords are read as own fields, see `cxr.images.dicom_tags`.

    The patient's id is replaced by a hash with this installation's secret, text in place
    of a code by `UNLISTED`. A file that can't be read has no tags; decoding it gives the
    reason.

    Raises
    ------
    InputError
        If there is an id or a text to hash, and the secret can't be read or made.
    """
    import pydicom

    tags = {name: TAGS[name] for name in names}
    try:
        require_bounded_file(path)
        wanted = [*tags.values(), *keywords]
        data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
        texts = {name: _text(data.get(tag)) for name, tag in tags.items()}
        own = tag_texts(data, keywords)
    except Exception:  # noqa: BLE001 - a damaged file may raise anything
        return {**dict.fromkeys(names), **fields_of_tags(dict.fromkeys(keywords))}
    shared = {name: None if text is None else _safe(name, text) for name, text in texts.items()}
    return {**shared, **fields_of_tags(own)}


def _safe(name: str, text: str) -> str | None:
    """A tag's text without what may name a person or a place."""
    if name == "patient_id":
        return f"dicom-{pseudonym(text)}"
    if name == "age_years":
        return _age(text)
    if name == "date":
        return _date(text)
    listed = set(text.upper().split()) <= set(TERMS[name].split())
    return text if listed or PARSERS[name](text) is not None else UNLISTED


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _age(text: str) -> str | None:
    """An age string such as 045Y or 006M, in years."""
    age = re.fullmatch(r"([0-9]{1,3})([YMWD])", text)
    return f"{int(age[1]) * AGE_UNITS[age[2]]:.2f}" if age else None


def _date(text: str) -> str | None:
    """YYYYMMDD as YYYY-MM-DD."""
    date = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text)
    return "-".join(date.groups()) if date else None
