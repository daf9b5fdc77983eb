"""DICOM files: their pixels as a radiologist's screen shows them, and a few of their tags."""

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".dcm", ".dicom")
# Column of the shared schema by tag; every other tag stays in the file.
TAGS = {
    "patient_id": "PatientID",
    "sex": "PatientSex",
    "age_years": "PatientAge",
    "view": "ViewPosition",
    "date": "StudyDate",
    "modality": "Modality",
}
AGE_UNITS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


class UnreadablePixels(ValueError):
    """A DICOM file without one readable image; the text is the reason in a few words."""


def is_dicom(path: Path) -> bool:
    """Whether a file says that it is one: by its preamble, or by its name."""
    with path.open("rb") as stream:
        return stream.read(132)[128:] == b"DICM" or path.suffix.casefold() in SUFFIXES


def read_pixels(path: Path, max_pixels: int) -> np.ndarray:
    """The image with its rescaling and window applied, dark meaning little absorption.

    Rescale slope and intercept or the modality table, then the first window or
    the VOI table where there is one; MONOCHROME1 is inverted; what remains is
    scaled from its own range to 0..255.

    Parameters
    ----------
    path : Path
    max_pixels : int
        Pixels that the file may announce; of more nothing is decoded.

    Returns
    -------
    uint8 array, shape (height, width) or (height, width, 3)

    Raises
    ------
    NoPixels
        If the file is no whole DICOM file, holds none or several images or one
        that is too large, or is compressed in a way for which there is no decoder.
    """
    import pydicom
    from pydicom.errors import InvalidDicomError
    from pydicom.pixels import apply_modality_lut, apply_voi_lut, convert_color_space

    try:
        data = pydicom.dcmread(path)
        if int(data.get("NumberOfFrames") or 1) > 1:
            raise UnreadablePixels("a stack of several images")
        if int(data.get("Rows") or 0) * int(data.get("Columns") or 0) > max_pixels:
            raise UnreadablePixels(f"more than {max_pixels // 10**6} million pixels")
        pixels = data.pixel_array
        if pixels.ndim == 3:
            space = data.PhotometricInterpretation
            rgb = space in ("RGB", "PALETTE COLOR") or not space.startswith("YBR")
            return _scaled(pixels if rgb else convert_color_space(pixels, space, "RGB"))
        pixels = apply_voi_lut(apply_modality_lut(pixels, data), data)
    except InvalidDicomError as error:
        raise UnreadablePixels("not an image that can be read") from error
    except UnreadablePixels:
        raise
    except (AttributeError, KeyError) as error:
        raise UnreadablePixels("a DICOM file without an image") from error
    except NotImplementedError as error:
        raise UnreadablePixels("no decoder for its compression") from error
    except Exception as error:
        # Decoders of several libraries, each with errors of its own.
        reason = (
            "no decoder for its compression" if "decod" in str(error) else "truncated or damaged"
        )
        raise UnreadablePixels(reason) from error
    grey = _scaled(pixels)
    return 255 - grey if data.get("PhotometricInterpretation") == "MONOCHROME1" else grey


def _scaled(pixels: np.ndarray) -> np.ndarray:
    """Values from their own range to 0..255."""
    deep = pixels.astype(np.float64)
    low, high = float(deep.min()), float(deep.max())
    if not high > low:
        return np.zeros(deep.shape, dtype=np.uint8)
    return np.round(255 * (deep - low) / (high - low)).astype(np.uint8)


def read_tags(path: Path) -> dict[str, str | None]:
    """The tags of `TAGS` as text for the shared schema, None where a file lacks one.

    The patient's id is replaced by a hash, which tells patients apart and names
    nobody. A file that can't be read has no tags; decoding it says why.
    """
    import pydicom

    try:
        data = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(TAGS.values()))
        found = {name: _text(data.get(tag)) for name, tag in TAGS.items()}
    except Exception:
        return dict.fromkeys(TAGS)
    if found["patient_id"] is not None:
        digest = hashlib.sha256(found["patient_id"].encode()).hexdigest()
        found["patient_id"] = f"dicom-{digest[:16]}"
    found["age_years"] = _age(found["age_years"])
    found["date"] = _date(found["date"])
    return found


def _text(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _age(text: str | None) -> str | None:
    """An age string such as 045Y or 006M, in years."""
    found = re.fullmatch(r"([0-9]{1,3})([YMWD])", text or "")
    return f"{int(found[1]) * AGE_UNITS[found[2]]:.2f}" if found else None


def _date(text: str | None) -> str | None:
    """YYYYMMDD with dashes."""
    found = re.fullmatch(r"([0-9]{4})([0-9]{2})([0-9]{2})", text or "")
    return "-".join(found.groups()) if found else None
