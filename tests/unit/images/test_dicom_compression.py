"""Compressed DICOM pixels are decoded, or rejected for what is the reason."""

import io

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG4HP41, HTJ2KLossless, JPEG2000Lossless, JPEGExtended12Bit

from cxr.images.decode import UnusableImage, read_grey
from cxr.images.dicom import read_pixels
from cxr.images.dicom_header import UnreadablePixels
from cxr.images.formats import CONTRADICTION
from tests.helpers.dicom import COMPRESSIONS, compress, with_frame, write_dicom
from tests.helpers.jpeg_extended import jpeg_extended


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_dicom_is_decoded(tmp_path, deep, name, dtype):
    pixels = (deep.astype(int) // 16 - 100 * (dtype is np.int16)).astype(dtype)
    plain = write_dicom(tmp_path / "a.dcm", pixels, WindowCenter=100, WindowWidth=150)
    expected = read_grey(plain)
    np.testing.assert_array_equal(read_grey(compress(plain, name, tmp_path / "b.dcm")), expected)


def twelve_bits(tmp_path, pixels, frame):
    plain = write_dicom(tmp_path / "a.dcm", pixels, BitsStored=12, HighBit=11)
    return with_frame(plain, frame, JPEGExtended12Bit, tmp_path / "b.dcm")


@pytest.mark.parametrize(("step", "restart"), [(1, 0), (1, 5), (300, 0)])
def test_jpeg_of_12_bits_is_decoded(tmp_path, rng, step, restart):
    rows, columns = np.mgrid[:71, :83]
    waves = 2048 + 1500 * np.sin(rows / 9) * np.cos(columns / 7)
    pixels = (waves + rng.normal(0, 50, waves.shape)).astype(np.uint16)
    path = twelve_bits(tmp_path, pixels, jpeg_extended(pixels, step, restart))
    expected = read_grey(write_dicom(tmp_path / "c.dcm", pixels, BitsStored=12, HighBit=11))
    assert np.abs(read_grey(path) - expected.astype(float)).max() <= max(1, step / 4)


def test_a_damaged_jpeg_of_12_bits_is_said(tmp_path, deep):
    frame = jpeg_extended(deep)
    with pytest.raises(UnreadablePixels, match="truncated or damaged"):
        read_pixels(twelve_bits(tmp_path, deep, frame[: len(frame) // 2]))
    with pytest.raises(UnreadablePixels, match=CONTRADICTION):
        read_pixels(twelve_bits(tmp_path, deep, jpeg_extended(deep[:-1])))


def test_jpeg_2000_says_its_own_depth(tmp_path, deep):
    expected = read_grey(write_dicom(tmp_path / "a.dcm", deep))
    data = pydicom.dcmread(compress(tmp_path / "a.dcm", "JPEG 2000", tmp_path / "b.dcm"))
    data.BitsStored, data.HighBit = 10, 9
    data.save_as(tmp_path / "b.dcm")
    np.testing.assert_array_equal(read_grey(tmp_path / "b.dcm"), expected)


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_signed_pixels_may_be_compressed_as_unsigned_ones(tmp_path, deep, name):
    tags = {"BitsStored": 12, "HighBit": 11}
    expected = read_grey(write_dicom(tmp_path / "a.dcm", deep.astype(np.int16) - 2048, **tags))
    unsigned = ((deep.astype(int) - 2048) & 0xFFF).astype(np.uint16)
    plain = write_dicom(tmp_path / "b.dcm", unsigned, **tags)
    data = pydicom.dcmread(compress(plain, name, tmp_path / "c.dcm"))
    data.PixelRepresentation = 1
    data.save_as(tmp_path / "c.dcm")
    np.testing.assert_array_equal(read_grey(tmp_path / "c.dcm"), expected)


@pytest.mark.parametrize("bits", [8, 32, 64])
@pytest.mark.parametrize("name", ["JPEG lossless", "JPEG-LS", "JPEG 2000"])
def test_a_compressed_image_counts_with_its_own_bits(tmp_path, deep, name, bits):
    expected = read_grey(write_dicom(tmp_path / "a.dcm", deep))
    data = pydicom.dcmread(compress(tmp_path / "a.dcm", name, tmp_path / "b.dcm"))
    data.BitsAllocated, data.BitsStored, data.HighBit = bits, bits, bits - 1
    data.save_as(tmp_path / "b.dcm")
    if bits < 16:
        with pytest.raises(UnusableImage, match=CONTRADICTION):
            read_grey(tmp_path / "b.dcm")
    else:
        np.testing.assert_array_equal(read_grey(tmp_path / "b.dcm"), expected)


def recoded(uid):
    def spoil(data):
        data.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(100)])
        data.file_meta.TransferSyntaxUID = uid

    return spoil


def half(data):
    """A JPEG 2000 image that ends too early."""
    picture = io.BytesIO()
    Image.fromarray((data.pixel_array >> 4).astype(np.uint8)).save(picture, "JPEG2000", no_jp2=True)
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.PixelData = encapsulate([picture.getvalue()[:120]])
    data.file_meta.TransferSyntaxUID = JPEG2000Lossless


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (recoded(HTJ2KLossless), r"no decoder for its compression \(High-Throughput JPEG 2000"),
        (recoded(MPEG4HP41), r"no decoder for its compression \(MPEG-4"),
        (recoded(JPEG2000Lossless), "its compressed pixels are not those of its header"),
        (half, "truncated or damaged"),
    ],
)
def test_what_is_not_decoded_says_why(tmp_path, deep, spoil, reason):
    data = pydicom.dcmread(write_dicom(tmp_path / "a.dcm", deep))
    spoil(data)
    data.save_as(tmp_path / "a.dcm")
    with pytest.raises(UnusableImage, match=reason):
        read_grey(tmp_path / "a.dcm")


def test_a_compression_of_which_nobody_knows_is_said(tmp_path, deep):
    data = pydicom.dcmread(write_dicom(tmp_path / "a.dcm", deep))
    recoded(HTJ2KLossless)(data)
    data.save_as(tmp_path / "a.dcm")
    whole = (tmp_path / "a.dcm").read_bytes()
    (tmp_path / "a.dcm").write_bytes(
        whole.replace(HTJ2KLossless.encode(), b"1.2.3.4.5.6.7.8.9.10.11")
    )
    with pytest.raises(UnusableImage, match=r"^no decoder for its compression$"):
        read_grey(tmp_path / "a.dcm")
