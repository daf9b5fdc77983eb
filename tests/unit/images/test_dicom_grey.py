"""Grey DICOM pixels are shown by the tags that mean something, and by no others."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from cxr.images.dicom import read_pixels
from tests.helpers.dicom import write_dicom

# All values of 12 bits, each once.
RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)
LEVELS = np.round(255 * np.linspace(0, 1, 4096)).reshape(64, 64)

pytestmark = pytest.mark.filterwarnings("ignore:Invalid value for VR")


def grey(path, pixels=RAMP, **tags):
    return read_pixels(write_dicom(path / "a.dcm", pixels, **tags)).astype(int)


def lut(values, first=0, bits=16):
    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.LUTData = np.asarray(values, "<u2" if bits > 8 else "u1").tobytes()
    item["LUTData"].VR = "OW"
    return [item]


def windowed(low, high):
    return np.clip(255 * (RAMP.astype(float) - low) / (high - low), 0, 255)


USELESS = {
    "no width": {"WindowCenter": 0, "WindowWidth": 0},
    "negative width": {"WindowCenter": 2000, "WindowWidth": -5},
    "empty": {"WindowCenter": "", "WindowWidth": ""},
    "no centre": {"WindowWidth": 400},
    "placeholder": {"WindowCenter": 0, "WindowWidth": 1},
    "one and two": {"WindowCenter": 1, "WindowWidth": 2},
    "narrow": {"WindowCenter": 40, "WindowWidth": 30},
    "above": {"WindowCenter": 60000, "WindowWidth": 400},
    "below": {"WindowCenter": -60000, "WindowWidth": 400},
    "sigmoid far away": {
        "WindowCenter": 60000,
        "WindowWidth": 400,
        "VOILUTFunction": "SIGMOID",
    },
    "VOI table without items": {"VOILUTSequence": []},
    "VOI table without values": {"VOILUTSequence": [Dataset()]},
    "VOI table of one colour": {"VOILUTSequence": lut([7, 7, 7])},
    "modality table without items": {"ModalityLUTSequence": []},
    "modality table of one colour": {"ModalityLUTSequence": lut([7, 7, 7])},
    "slope 0": {"RescaleSlope": 0, "RescaleIntercept": -1024},
    "empty slope": {"RescaleSlope": "", "RescaleIntercept": ""},
    "intercept alone": {"RescaleIntercept": -1024},
    "slope alone": {"RescaleSlope": 2},
    "padding that is everywhere": {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 65535},
    "padding outside the range": {"PixelPaddingValue": 65535},
    "identity": {"PresentationLUTShape": "IDENTITY"},
    "several images, of which there is one": {"NumberOfFrames": 1},
}


@pytest.mark.parametrize("name", USELESS)
def test_useless_tags_are_ignored(tmp_path, name):
    np.testing.assert_array_equal(grey(tmp_path, **USELESS[name]), LEVELS)


@pytest.mark.parametrize(
    ("keyword", "raw"),
    [
        ("WindowWidth", b"wide"),
        ("WindowCenter", b"1e999 "),
        ("RescaleSlope", b"nan "),
        ("RescaleIntercept", b"1,5 "),
        ("NumberOfFrames", b"one "),
        ("PixelPaddingValue", b"\0\0\0"),
        ("HighBit", b"\xff\xff"),
        ("BitsStored", b"\xff\0"),
        ("SamplesPerPixel", b""),
        ("PixelRepresentation", b""),
        ("PhotometricInterpretation", b"GREY"),
    ],
)
def test_a_damaged_tag_is_ignored(tmp_path, keyword, raw):
    tags = {"WindowCenter": 2000, "WindowWidth": "", "RescaleSlope": "", "NumberOfFrames": 1}
    tags |= {"PixelPaddingValue": 9, "RescaleIntercept": 0}
    path = write_dicom(tmp_path / "a.dcm", RAMP, **tags)
    data = pydicom.dcmread(path)
    element = data[keyword]
    data[keyword] = pydicom.dataelem.RawDataElement(
        element.tag, element.VR, len(raw), raw, 0, False, True
    )
    data.save_as(path)
    expected = LEVELS if keyword == "PixelPaddingValue" else np.where(RAMP == 9, 0, LEVELS)
    np.testing.assert_array_equal(read_pixels(path), expected)


@pytest.mark.parametrize(
    ("tags", "low", "high"),
    [
        # PS3.3 C.11.2.1.2.1: black up to c - 0.5 - (w - 1) / 2, white above c - 0.5 + (w - 1) / 2.
        ({"WindowCenter": 2000, "WindowWidth": 401}, 1799.5, 2199.5),
        ({"VOILUTFunction": "LINEAR_EXACT"}, 1800, 2200),
        ({"VOILUTFunction": "CUBIC", "WindowWidth": 401}, 1799.5, 2199.5),
        ({"WindowCenter": [0, 2000], "WindowWidth": [0, 401]}, 1799.5, 2199.5),
        ({"WindowCenter": [2000, 9], "WindowWidth": 401}, 1799.5, 2199.5),
        ({"WindowWidth": 401, "RescaleSlope": 2, "RescaleIntercept": -2000}, 1899.75, 2099.75),
        ({"WindowWidth": 401, "RescaleSlope": "", "RescaleIntercept": 500}, 1299.5, 1699.5),
        ({"WindowCenter": 0.2, "WindowWidth": 0.04, "RescaleSlope": 1e-4}, 1800, 2200),
    ],
)
def test_a_window_clips(tmp_path, tags, low, high):
    found = grey(tmp_path, **{"WindowCenter": 2000, "WindowWidth": 400, **tags})
    np.testing.assert_allclose(found, windowed(low, high), atol=1)


def test_a_sigmoid_window_bends(tmp_path):
    found = grey(tmp_path, WindowCenter=2000, WindowWidth=1000, VOILUTFunction="SIGMOID")
    expected = 255 / (1 + np.exp(-4 * (RAMP - 2000.0) / 1000))
    np.testing.assert_allclose(found, expected, atol=1)


def test_a_negative_slope_turns_the_image_and_its_window(tmp_path):
    found = grey(tmp_path, RescaleSlope=-1, RescaleIntercept=4095)
    np.testing.assert_array_equal(found, LEVELS[::-1, ::-1])
    found = grey(tmp_path, RescaleSlope=-1, WindowCenter=-2000, WindowWidth=401)
    np.testing.assert_allclose(found, 255 - windowed(1800.5, 2200.5), atol=1)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_tables_are_looked_up(tmp_path, bits):
    table = np.linspace(0, 2**bits - 1, 256).round()[::-1]
    expected = 255 - np.clip(RAMP.astype(int) - 1000, 0, 255)
    voi = {"VOILUTSequence": lut(table, 1000, bits), "WindowCenter": 1, "WindowWidth": 9}
    np.testing.assert_allclose(grey(tmp_path, **voi), expected, atol=1)
    modality = {"ModalityLUTSequence": lut(table, 1000, bits)}
    np.testing.assert_allclose(grey(tmp_path, **modality), expected, atol=1)


@pytest.mark.parametrize("tag", [{"PhotometricInterpretation": "MONOCHROME1"}, {}])
@pytest.mark.parametrize("shape", ["INVERSE", "IDENTITY"])
def test_an_inverse_image_is_inverted_once(tmp_path, tag, shape):
    found = grey(tmp_path, PresentationLUTShape=shape, **tag)
    inverted = bool(tag) or shape == "INVERSE"
    np.testing.assert_array_equal(found, 255 - LEVELS if inverted else LEVELS)


@pytest.mark.parametrize("space", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize(
    ("dtype", "value", "tags"),
    [
        (np.uint16, 65535, {"PixelPaddingValue": 65535}),
        (np.uint16, 0, {"PixelPaddingValue": 0}),
        (np.int16, -32768, {"PixelPaddingValue": -32768}),
        (np.int16, -2000, {"PixelPaddingValue": -3000, "PixelPaddingRangeLimit": -1000}),
        (np.uint16, 50000, {"PixelPaddingValue": 40000, "PixelPaddingRangeLimit": 65535}),
        (np.uint16, 0xF830, {"PixelPaddingValue": 0xF830, "BitsStored": 12, "HighBit": 11}),
        (np.float32, np.nan, {}),
        (np.float32, -1e30, {"FloatPixelPaddingValue": float(np.float32(-1e30))}),
    ],
)
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2600, "WindowWidth": 3000}])
def test_padding_is_black_and_no_part_of_the_range(tmp_path, space, dtype, value, tags, window):
    pixels = (RAMP % 3000 + 1000).astype(dtype)
    plain = grey_of(tmp_path, pixels, space, window)
    pixels[:, :8] = value
    padded = grey_of(tmp_path, pixels, space, {**tags, **window})
    assert (padded[:, :8] == 0).all()
    np.testing.assert_array_equal(padded[:, 8:], plain[:, 8:])


def grey_of(path, pixels, space, tags):
    """The image of whole or of real numbers."""
    if pixels.dtype.kind != "f":
        return grey(path, pixels, PhotometricInterpretation=space, **tags)
    data = pydicom.dcmread(
        write_dicom(path / "a.dcm", pixels, PhotometricInterpretation=space, **tags)
    )
    data.FloatPixelData = data.PixelData
    for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
        del data[name]
    data.save_as(path / "a.dcm")
    return read_pixels(path / "a.dcm").astype(int)


@pytest.mark.parametrize(("value", "dtype"), [(63536, np.int16), (-2000, np.uint16)])
def test_padding_may_have_the_other_sign(tmp_path, value, dtype):
    image = RAMP.astype(dtype)
    image[:, :8] = np.array(63536, np.uint16).view(dtype)
    path = write_dicom(tmp_path / "a.dcm", image)
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", "US" if value > 0 else "SS", value)
    data.save_as(path)
    found = read_pixels(path)
    assert (found[:, :8] == 0).all()
    assert np.ptp(found[:, 8:]) == 255


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
def test_every_depth_and_sign(tmp_path, dtype):
    info = np.iinfo(dtype)
    steps = np.linspace(info.min, info.max, 256).round().astype(dtype).reshape(16, 16)
    expected = np.round(255 * np.linspace(0, 1, 256)).reshape(16, 16)
    np.testing.assert_allclose(grey(tmp_path, steps), expected, atol=1)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 5, 7, 8, 10, 12, 15, 17, 20, 24, 31])
def test_the_bits_beside_the_pixels_are_no_part_of_them(tmp_path, rng, signed, bits):
    size = 8 if bits < 8 else 16 if bits < 16 else 32
    values = np.linspace(0, 2**bits - 1, 64).round().astype(np.int64).reshape(8, 8)
    expected = np.round(255 * values / (2**bits - 1))
    stored = (values - 2 ** (bits - 1)) & (2**bits - 1) if signed else values
    other = rng.integers(0, 2 ** (size - bits), values.shape)
    for shift in {0, size - bits}:
        garbage = other << bits if shift == 0 else other & (2**shift - 1)
        pixels = ((stored << shift) | garbage).astype(f"u{size // 8}")
        tags = {"BitsStored": bits, "HighBit": bits - 1 + shift, "PixelRepresentation": int(signed)}
        np.testing.assert_allclose(grey(tmp_path, pixels, **tags), expected, atol=1)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_pixels_may_have_more_bits_than_the_header_says(tmp_path, bits):
    pixels = np.tile(np.linspace(0, 2**16 - 1, 200), (64, 1)).astype(np.uint16)
    found = grey(tmp_path, pixels, BitsStored=bits, HighBit=bits - 1)
    np.testing.assert_allclose(found, np.round(pixels / 65535 * 255), atol=1)


def test_an_overlay_in_the_bits_above_is_no_part_of_the_pixels(tmp_path):
    pixels = np.tile(np.linspace(0, 4095, 200), (64, 1)).astype(np.uint16)
    expected = np.round(pixels / 4095 * 255)
    pixels[20:40, 50:150] |= 0x1000
    pixels[30:50, 90:190] |= 0x2000
    found = grey(tmp_path, pixels, BitsStored=12, HighBit=11)
    np.testing.assert_allclose(found, expected, atol=1)


def test_pixels_may_lie_lower_than_the_header_says(tmp_path):
    np.testing.assert_array_equal(grey(tmp_path, BitsStored=12, HighBit=15), LEVELS)


def test_one_bit_a_pixel(tmp_path):
    bits = (RAMP % 3 == 0).astype(np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    found = grey(tmp_path, bits, BitsAllocated=1, BitsStored=1, HighBit=0, PixelData=packed)
    np.testing.assert_array_equal(found, 255 * bits)


def test_pixels_of_the_other_byte_order(tmp_path):
    path = write_dicom(tmp_path / "a.dcm", RAMP, WindowCenter=2000, WindowWidth=401)
    data = pydicom.dcmread(path)
    data.PixelData = RAMP.astype(">u2").tobytes()
    data.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    pydicom.dcmwrite(path, data, implicit_vr=False, little_endian=False, force_encoding=True)
    np.testing.assert_allclose(read_pixels(path), windowed(1799.5, 2199.5), atol=1)


def groups(**parts):
    group = Dataset()
    for name, tags in parts.items():
        item = Dataset()
        for keyword, found in tags.items():
            setattr(item, keyword, found)
        setattr(group, name, [item])
    return [group]


def test_an_enhanced_file_has_its_display_in_functional_groups(tmp_path):
    shared = groups(PixelValueTransformationSequence={"RescaleSlope": 2, "RescaleIntercept": -9})
    frame = groups(FrameVOILUTSequence={"WindowCenter": 3991, "WindowWidth": 801})
    found = grey(
        tmp_path,
        NumberOfFrames=1,
        SharedFunctionalGroupsSequence=shared,
        PerFrameFunctionalGroupsSequence=frame,
        WindowCenter=1,
        WindowWidth=1000,
    )
    np.testing.assert_allclose(found, windowed(1799.75, 2199.75), atol=1)
