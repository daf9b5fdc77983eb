"""What a stranger's image expands to is found out before it is expanded."""

import io
import struct
import zlib

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from cxr.images.decode import UnusableImage, read_grey
from cxr.images.dicom import read_tags
from cxr.images.formats import CONTRADICTION, EXPANDS, LARGE_WEBP, TOO_LARGE, TOO_MUCH_BESIDE
from cxr.images.jpeg2000_bounds import TOO_DIVIDED
from tests.helpers.dicom import write_dicom

POSTSCRIPT = (
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n%%EndComments\nshowpage\n%%EOF\n"
)


def test_no_program_is_started_on_an_image(tmp_path, monkeypatch):
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "a.png").write_bytes(POSTSCRIPT)
    with pytest.raises(UnusableImage, match="not an image that can be read"):
        read_grey(tmp_path / "a.png")
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("kind", ["TGA", "ICO", "PCX", "SGI", "ICNS", "DDS", "IM", "MSP"])
def test_only_the_documented_formats_are_read(tmp_path, radiograph, kind):
    image = Image.fromarray(radiograph).convert("1" if kind == "MSP" else "RGBA")
    image.convert("L" if kind in ("IM", "SGI", "PCX") else image.mode).save(tmp_path / "a", kind)
    with pytest.raises(UnusableImage, match="not an image that can be read"):
        read_grey(tmp_path / "a")


def jpeg2000(size=(300, 200), **options):
    data = io.BytesIO()
    Image.new("L", size).save(data, "JPEG2000", **options)
    return data.getvalue()


def with_byte(data, marker, offset, value):
    """A file with another byte so far behind a marker."""
    at = data.index(marker) + offset
    return data[:at] + bytes([value]) + data[at + 1 :]


PRECINCTS = jpeg2000(precinct_size=(128, 128))
CODING = b"\xff\x52"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (jpeg2000((1300, 1300), tile_size=(16, 16)), TOO_DIVIDED),
        (with_byte(PRECINCTS, CODING, 19, 0), TOO_DIVIDED),
        (with_byte(PRECINCTS, CODING, 6, 40), TOO_DIVIDED),
        (with_byte(PRECINCTS, b"\xff\x51", 8, 9), CONTRADICTION),
        (with_byte(PRECINCTS, b"ihdr", 7, 9), CONTRADICTION),
        (PRECINCTS[:130], CONTRADICTION),
    ],
    ids=["tiles", "precincts", "layers", "width", "height", "cut"],
)
def test_a_jpeg_2000_is_divided_no_further_than_its_pixels(tmp_path, data, reason):
    (tmp_path / "a.jp2").write_bytes(PRECINCTS)
    assert read_grey(tmp_path / "a.jp2").shape == (200, 300)
    (tmp_path / "b.jp2").write_bytes(data)
    with pytest.raises(UnusableImage, match=reason):
        read_grey(tmp_path / "b.jp2")


@pytest.mark.parametrize(("kind", "side"), [("WEBP", 7_100), ("JPEG2000", 5_010), ("GIF", 10_010)])
def test_formats_that_take_more_memory_may_have_fewer_pixels(tmp_path, kind, side):
    options = {"lossless": True, "quality": 0, "method": 0} if kind == "WEBP" else {}
    Image.new("L", (side, side)).save(tmp_path / "a", kind, **options)
    with pytest.raises(UnusableImage, match=r"more than \d+ million pixels"):
        read_grey(tmp_path / "a")


def test_a_large_webp_is_not_read_whole(tmp_path):
    Image.new("L", (64, 64)).save(tmp_path / "a.webp")
    with (tmp_path / "a.webp").open("r+b") as stream:
        stream.truncate(2**30)
    with pytest.raises(UnusableImage, match=LARGE_WEBP):
        read_grey(tmp_path / "a.webp")


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def with_chunk(picture, name, data):
    """A PNG with another chunk after its header."""
    return picture[:33] + chunk(name, data) + picture[33:]


ZEROS = zlib.compress(bytes(40_000_000))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (b"zTXt", b"Comment\0\0" + ZEROS),
        (b"iTXt", b"Comment\0\1\0\0\0" + ZEROS),
        (b"iCCP", b"profile\0\0" + ZEROS),
        (b"tEXt", b"Comment\0" + bytes(17 * 2**20)),
    ],
)
def test_text_and_profiles_of_a_png_are_bounded(tmp_path, radiograph, name, data):
    whole = io.BytesIO()
    Image.fromarray(radiograph).save(whole, "PNG")
    (tmp_path / "a.png").write_bytes(with_chunk(whole.getvalue(), name, data))
    with pytest.raises(UnusableImage, match=TOO_MUCH_BESIDE):
        read_grey(tmp_path / "a.png")


def test_a_file_far_larger_than_its_pixels_is_not_read(tmp_path, radiograph):
    Image.fromarray(radiograph).save(tmp_path / "a.png")
    with (tmp_path / "a.png").open("r+b") as stream:
        stream.truncate(2**30)
    with pytest.raises(UnusableImage, match=TOO_MUCH_BESIDE):
        read_grey(tmp_path / "a.png")


def test_a_vast_tile_of_a_small_tiff_is_not_made(tmp_path):
    Image.new("L", (64, 64)).save(tmp_path / "a.tif", compression="tiff_lzw")
    data = (tmp_path / "a.tif").read_bytes()
    # Its one strip as a tile of 64,000 by 64,000 pixels.
    for tag, new, value in ((278, 322, 64_000), (273, 324, None), (279, 325, None)):
        at = data.index(struct.pack("<H", tag), 8)
        entry = data[at + 2 : at + 12]
        if value is not None:
            entry = struct.pack("<HIi", 4, 1, value)
        data = data[:at] + struct.pack("<H", new) + entry + data[at + 12 :]
    data += struct.pack("<H", 0)
    (tmp_path / "b.tif").write_bytes(with_tile_length(data))
    with pytest.raises(UnusableImage, match=TOO_LARGE):
        read_grey(tmp_path / "b.tif")


def with_tile_length(data):
    """The tag after the tile's width, whichever it is, becomes its length."""
    at = data.index(struct.pack("<H", 322), 8) + 12
    return data[:at] + struct.pack("<HHIi", 323, 4, 1, 64_000) + data[at + 12 :]


@pytest.fixture
def dicom(tmp_path, deep):
    return pydicom.dcmread(write_dicom(tmp_path / "a.dcm", deep))


def test_a_deflated_file_is_read(tmp_path, dicom):
    dicom.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dicom.PatientSex = "F"
    dicom.save_as(tmp_path / "b.dcm")
    np.testing.assert_array_equal(read_grey(tmp_path / "b.dcm"), read_grey(tmp_path / "a.dcm"))
    assert read_tags(tmp_path / "b.dcm")["sex"] == "F"


def test_a_deflated_file_is_bounded(tmp_path, dicom, monkeypatch):
    monkeypatch.setattr("cxr.images.dicom_bounds.MAX_PIXEL_BYTES", 10**6)
    dicom.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dicom.PixelData = bytes(40_000_000)
    dicom.PatientSex = "F"
    dicom.save_as(tmp_path / "b.dcm")
    assert (tmp_path / "b.dcm").stat().st_size < 100_000
    with pytest.raises(UnusableImage, match=EXPANDS):
        read_grey(tmp_path / "b.dcm")
    assert read_tags(tmp_path / "b.dcm")["sex"] is None


def encoded(kind, size):
    data = io.BytesIO()
    Image.new("L", size).save(data, kind, **({"no_jp2": True} if kind == "JPEG2000" else {}))
    return data.getvalue()


def runs(segments, start):
    """A frame of RLE with one segment, from `start` on."""
    return struct.pack("<16L", 1, start, *[0] * 14) + segments


@pytest.mark.parametrize(
    ("syntax", "frame"),
    [
        (JPEGBaseline8Bit, encoded("JPEG", (3000, 3000))),
        (JPEG2000Lossless, encoded("JPEG2000", (3000, 3000))),
        (RLELossless, runs(b"\x81\x00" * 100_000, 64)),
        (RLELossless, runs(b"\x7f" + b"\x81\x00" * 64 + b"\x81\x00" * 100_000, 65)),
    ],
    ids=["JPEG", "JPEG 2000", "RLE", "RLE that begins elsewhere"],
)
def test_a_compressed_image_is_as_large_as_its_header_says(tmp_path, dicom, syntax, frame):
    dicom.BitsAllocated = dicom.BitsStored = 8
    dicom.HighBit = 7
    dicom.PixelData = encapsulate([frame])
    dicom.file_meta.TransferSyntaxUID = syntax
    dicom.save_as(tmp_path / "b.dcm")
    with pytest.raises(UnusableImage, match=CONTRADICTION):
        read_grey(tmp_path / "b.dcm")


def test_deep_pixels_are_bounded_by_their_bytes(tmp_path, dicom):
    dicom.Rows, dicom.Columns, dicom.BitsAllocated = 9_000, 9_000, 64
    dicom.save_as(tmp_path / "b.dcm")
    with pytest.raises(UnusableImage, match=EXPANDS):
        read_grey(tmp_path / "b.dcm")


def test_a_colour_dicom_may_have_a_third_of_the_pixels(tmp_path, dicom):
    dicom.Rows, dicom.Columns, dicom.SamplesPerPixel = 6_000, 6_000, 3
    dicom.PlanarConfiguration, dicom.PhotometricInterpretation = 0, "YBR_FULL"
    dicom.BitsAllocated = dicom.BitsStored = 8
    dicom.HighBit = 7
    dicom.save_as(tmp_path / "b.dcm")
    with pytest.raises(UnusableImage, match="more than 33 million pixels in colour"):
        read_grey(tmp_path / "b.dcm")
