"""The colours of a DICOM file are converted once, whatever its header says of them."""

import io
import struct

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.pixels import convert_color_space
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGBaseline8Bit, RLELossless

from cxr.images.dicom import read_pixels
from cxr.images.dicom_header import UnreadablePixels
from tests.helpers.dicom import COMPRESSIONS, compress, write_dicom

COLOURS = np.array([[200, 100, 40], [30, 90, 220], [120, 120, 120], [250, 240, 10]])
# Blocks of 16 by 16 pixels, which chroma subsampling leaves alone.
RGB = np.repeat(np.repeat(COLOURS.reshape(2, 2, 3), 16, axis=0), 16, axis=1).astype(np.uint8)
YBR = convert_color_space(RGB, "RGB", "YBR_FULL")


def colours(path):
    """The colour in the middle of each block."""
    return read_pixels(path)[8::16, 8::16].reshape(-1, 3).astype(int)


def compressed(path, frame, syntax, space):
    data = pydicom.dcmread(write_dicom(path, RGB, PhotometricInterpretation=space))
    data.PixelData = encapsulate([frame])
    data.file_meta.TransferSyntaxUID = syntax
    data.save_as(path)
    return path


@pytest.mark.parametrize("planes", [0, 1])
@pytest.mark.parametrize(
    ("space", "pixels"), [("RGB", RGB), ("YBR_FULL", YBR), ("YBR_RCT", RGB), ("MONOCHROME2", RGB)]
)
def test_colours_without_compression(tmp_path, space, pixels, planes):
    stored = np.ascontiguousarray(pixels.transpose(2, 0, 1)) if planes else pixels
    path = write_dicom(
        tmp_path / "a.dcm",
        pixels,
        PhotometricInterpretation=space,
        PlanarConfiguration=planes,
        PixelData=stored.tobytes(),
    )
    np.testing.assert_allclose(colours(path), COLOURS, atol=2)


def test_colours_have_three_channels_where_the_header_does_not_say(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", RGB, SamplesPerPixel=None)
    np.testing.assert_array_equal(colours(path), COLOURS)


@pytest.mark.parametrize("said", ["YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("subsampled", [True, False])
def test_subsampled_colours_are_known_by_their_size(tmp_path, said, subsampled):
    pairs = YBR.reshape(-1, 2, 3)
    halved = np.column_stack([pairs[:, 0, 0], pairs[:, 1, 0], pairs[:, 0, 1], pairs[:, 0, 2]])
    stored = halved.astype(np.uint8) if subsampled else YBR
    path = write_dicom(
        tmp_path / "a.dcm", RGB, PhotometricInterpretation=said, PixelData=stored.tobytes()
    )
    np.testing.assert_allclose(colours(path), COLOURS, atol=2)


def jpeg(**options):
    data = io.BytesIO()
    Image.fromarray(RGB).save(data, "JPEG", quality=95, **options)
    return data.getvalue()


def without(frame, marker):
    """A JPEG without one of the segments before its pixels."""
    at = frame.index(bytes([0xFF, marker]))
    return frame[:at] + frame[at + 2 + int.from_bytes(frame[at + 2 : at + 4]) :]


def adobe(frame, transform):
    """A JPEG that says in Adobe's marker alone whether its colours are transformed."""
    part = struct.pack(">HH5sH4xB", 0xFFEE, 14, b"Adobe", 100, transform)
    return frame[:2] + part + without(frame, 0xE0)[2:]


def numbered(frame):
    """A JPEG whose channels are called 1, 2, 3 instead of R, G, B."""
    size, scan = frame.index(b"\xff\xc0"), frame.index(b"\xff\xda")
    data = bytearray(frame)
    for channel in range(3):
        data[size + 10 + 3 * channel] = data[scan + 5 + 2 * channel] = channel + 1
    return bytes(data)


NAMED = without(jpeg(keep_rgb=True), 0xEE)
JPEGS = {
    "JFIF": jpeg(),
    "subsampled": without(jpeg(), 0xE0),
    "Adobe, transformed": adobe(jpeg(subsampling=0), 1),
    "Adobe, RGB": numbered(jpeg(keep_rgb=True)),
    "channels R, G, B": NAMED,
}


@pytest.mark.parametrize("said", ["RGB", "YBR_FULL", "YBR_FULL_422"])
@pytest.mark.parametrize("name", JPEGS)
def test_a_jpeg_knows_its_colours_better_than_the_header(tmp_path, name, said):
    path = compressed(tmp_path / "a.dcm", JPEGS[name], JPEGBaseline8Bit, said)
    np.testing.assert_allclose(colours(path), COLOURS, atol=6)


@pytest.mark.parametrize(
    ("said", "frame"),
    [("YBR_FULL", without(jpeg(subsampling=0), 0xE0)), ("RGB", numbered(NAMED))],
)
def test_the_header_counts_where_a_jpeg_says_nothing(tmp_path, said, frame):
    path = compressed(tmp_path / "a.dcm", frame, JPEGBaseline8Bit, said)
    np.testing.assert_allclose(colours(path), COLOURS, atol=6)


@pytest.mark.parametrize("said", ["RGB", "YBR_RCT", "YBR_ICT", "YBR_FULL"])
@pytest.mark.parametrize("boxes", [True, False])
@pytest.mark.parametrize("lossy", [True, False])
def test_jpeg_2000_in_colour(tmp_path, said, boxes, lossy):
    data = io.BytesIO()
    Image.fromarray(RGB).save(data, "JPEG2000", no_jp2=not boxes, irreversible=lossy, mct=1)
    syntax = JPEG2000 if lossy else JPEG2000Lossless
    path = compressed(tmp_path / "a.dcm", data.getvalue(), syntax, said)
    np.testing.assert_allclose(colours(path), COLOURS, atol=3 if lossy else 0)


def test_jpeg_2000_with_colours_that_its_decoder_leaves(tmp_path):
    data = io.BytesIO()
    Image.fromarray(YBR).save(data, "JPEG2000", no_jp2=True, mct=0)
    path = compressed(tmp_path / "a.dcm", data.getvalue(), JPEG2000Lossless, "YBR_FULL")
    np.testing.assert_allclose(colours(path), COLOURS, atol=2)


@pytest.mark.parametrize("planes", [0, 1])
@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compression_leaves_no_planes(tmp_path, name, planes):
    path = compress(write_dicom(tmp_path / "a.dcm", RGB), name, tmp_path / "b.dcm")
    data = pydicom.dcmread(path)
    data.PlanarConfiguration = planes
    data.save_as(path)
    np.testing.assert_array_equal(colours(path), COLOURS)


@pytest.mark.parametrize(("space", "pixels"), [("RGB", RGB), ("YBR_FULL", YBR)])
def test_rle_in_colour(tmp_path, space, pixels):
    path = write_dicom(tmp_path / "a.dcm", pixels, PhotometricInterpretation=space)
    data = pydicom.dcmread(path)
    data.compress(RLELossless)
    data.save_as(path)
    np.testing.assert_allclose(colours(path), COLOURS, atol=2)


def test_deep_colours_use_their_own_range(tmp_path):
    deep = RGB.astype(np.uint16) * 16
    found = read_pixels(write_dicom(tmp_path / "a.dcm", deep, BitsStored=12, HighBit=11))
    expected = 255 * (RGB - 10.0) / 240
    np.testing.assert_allclose(found, expected, atol=1)


def with_palette(path, indices, entries, first=0, segmented=False, bits=8):
    """A picture of `indices` into `COLOURS`, whose first one is called `first`."""
    kind, scale = ("u1", 1) if bits == 8 else ("<u2", 257)
    prefix = "Segmented" if segmented else ""
    tags = {}
    for at, name in enumerate(("Red", "Green", "Blue")):
        table = (COLOURS[:, at] * scale).astype(kind).tobytes()
        if segmented:
            table = np.array([0, len(COLOURS)], kind).tobytes() + table
        tags[f"{name}PaletteColorLookupTableDescriptor"] = [entries, first, bits]
        tags[f"{prefix}{name}PaletteColorLookupTableData"] = table
    return write_dicom(path, indices, PhotometricInterpretation="PALETTE COLOR", **tags)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("segmented", [True, False])
@pytest.mark.parametrize("first", [0, 10])
def test_a_palette_gives_its_colours(tmp_path, bits, segmented, first):
    indices = np.arange(4, dtype=np.uint8).reshape(2, 2).repeat(16, 0).repeat(16, 1) + first
    path = with_palette(tmp_path / "a.dcm", indices, 4, first, segmented, bits)
    np.testing.assert_array_equal(colours(path), COLOURS)


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ([1, 65535, 0] * 10_000, "it expands to more than"),
        ([2, 65535, 0, 0], "a palette of repeated segments"),
    ],
)
def test_a_palette_is_bounded(tmp_path, segment, reason):
    path = with_palette(tmp_path / "a.dcm", np.zeros((4, 4), np.uint8), 4, 0, True, 16)
    data = pydicom.dcmread(path)
    data.SegmentedRedPaletteColorLookupTableData = np.array(segment, "<u2").tobytes()
    data.save_as(path)
    with pytest.raises(UnreadablePixels, match=reason):
        read_pixels(path)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"PhotometricInterpretation": "HSV"}, "colours that are not read: HSV"),
        ({"PhotometricInterpretation": "YBR_PARTIAL_422"}, "not read: YBR_PARTIAL_422"),
        ({"PhotometricInterpretation": "HANS"}, "not read: of an unknown kind"),
        ({"SamplesPerPixel": 4}, "pixels of 4 channels"),
    ],
)
def test_what_is_not_read_is_said(tmp_path, tags, reason):
    with pytest.raises(UnreadablePixels, match=reason):
        read_pixels(write_dicom(tmp_path / "a.dcm", RGB, **tags))


def test_a_missing_palette_is_said(tmp_path):
    grey = write_dicom(tmp_path / "a.dcm", RGB[..., 0], PhotometricInterpretation="PALETTE COLOR")
    with pytest.raises(UnreadablePixels, match="its palette is missing or damaged"):
        read_pixels(grey)
