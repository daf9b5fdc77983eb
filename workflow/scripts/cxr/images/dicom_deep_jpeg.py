"""JPEG of 12 bits in DICOM files: GDCM decodes it, but pydicom's plugin does not let it."""

from typing import Any

import numpy as np

from cxr.images.dicom_bounds import jpeg_segments
from cxr.images.dicom_header import UnreadablePixels

# Extended sequential, the only kind that its transfer syntax has (PS3.5, annex A.4.1).
START_OF_FRAME = 0xC1
BITS = 12


def is_deep_jpeg(frame: bytes) -> bool:
    """Whether a JPEG is grey, of 12 bits and of the kind that is decoded here."""
    sizes = (part for marker, part in jpeg_segments(frame) if marker == START_OF_FRAME)
    size = next(sizes, b"")
    return len(size) > 5 and size[0] == BITS and size[5] == 1


def decode_deep_jpeg(frame: bytes, image: Any) -> np.ndarray:
    """The pixels of a JPEG as of `is_deep_jpeg`.

    Parameters
    ----------
    frame : bytes
        As large as the header says, see `cxr.images.dicom_bounds.bounded_frame`.
    image : pydicom.Dataset
        As of `cxr.images.dicom_header.image_module`.

    Returns
    -------
    uint16 or int16 array, shape (height, width)
        Signed where the header says so; the sign's bit is where the file has it.

    Raises
    ------
    UnreadablePixels
        If it is damaged.
    """
    import gdcm

    fragment, fragments = gdcm.Fragment(), gdcm.SequenceOfFragments.New()
    fragment.SetByteStringValue(frame)
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    picture = gdcm.Image()
    picture.SetNumberOfDimensions(2)
    picture.SetDimensions((image.Columns, image.Rows, 1))
    picture.SetDataElement(element)
    grey = gdcm.PhotometricInterpretation.MONOCHROME2
    picture.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
    extended = gdcm.TransferSyntax.JPEGExtendedProcess2_4
    picture.SetTransferSyntax(gdcm.TransferSyntax(extended))
    # With 16 bits it would try its decoder of these first, and write that this failed.
    picture.SetPixelFormat(gdcm.PixelFormat(1, BITS, BITS, BITS - 1, 0))
    text = picture.GetBuffer()
    if text is None:
        raise UnreadablePixels("truncated or damaged")
    pixels = np.frombuffer(text.encode("utf-8", "surrogateescape"), "<u2")
    dtype = np.int16 if image.PixelRepresentation else np.uint16
    return pixels.reshape(image.Rows, image.Columns).astype(dtype)
