"""DICOM files as hospitals and archives have them, a folder of each kind for tests."""

import io

import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)

from tests.helpers.dicom import COMPRESSIONS, compress, with_frame, write_dicom
from tests.helpers.jpeg_extended import jpeg_extended

TWELVE = {"BitsStored": 12, "HighBit": 11}
WINDOW = {"WindowCenter": 0.2, "WindowWidth": 0.5}
CHANNELS = ("Red", "Green", "Blue")
COLOURS = np.array([[200, 100, 40], [30, 90, 220], [120, 120, 120], [250, 240, 10]], np.uint8)


def smooth_pixels(rng):
    """Waves with a little noise, of 12 bits, uint16 of shape (71, 84)."""
    rows, columns = np.mgrid[:71, :84]
    waves = 2000 + 1500 * np.sin(columns / 9) * np.cos(rows / 7)
    return (waves + rng.normal(0, 60, waves.shape)).clip(0, 4095).astype(np.uint16)


def unusual_files(folder, rng):
    """Files whose pixels are easily read wrong, by what is special of them."""
    return {
        **_deep_jpegs(folder, smooth_pixels(rng)),
        **_palettes(folder, rng),
        **_bits(folder, smooth_pixels(rng)),
        **_numbers(folder, smooth_pixels(rng), rng),
        **_real_numbers(folder, smooth_pixels(rng)),
        **_other_byte_order(folder, smooth_pixels(rng)),
        **_colours(folder),
        **_files(folder, smooth_pixels(rng)),
    }


def _deep_jpegs(folder, pixels):
    plain = write_dicom(folder / "deep.dcm", pixels, **TWELVE)
    tags = {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 1500, "WindowWidth": 2000}
    shown = write_dicom(folder / "deep shown.dcm", pixels, **TWELVE, **tags)
    signed = write_dicom(folder / "deep signed.dcm", pixels.astype(np.int16) - 2048, **TWELVE)
    frames = {
        "JPEG of 12 bits": (plain, jpeg_extended(pixels)),
        "restarts, steps of 16 bits": (plain, jpeg_extended(pixels, 300, 3)),
        "windowed, inverse": (shown, jpeg_extended(pixels)),
        "signed": (signed, jpeg_extended((pixels - 2048) & 0xFFF)),
    }
    return {
        name: with_frame(path, frame, JPEGExtended12Bit, folder / f"{name}.dcm")
        for name, (path, frame) in frames.items()
    }


def _palettes(folder, rng):
    indices = rng.integers(5, 12, (30, 41)).astype(np.uint8)
    files = {}
    for bits, first, segmented in ((8, 0, False), (16, 6, False), (8, 6, True), (16, 0, True)):
        kind, scale = ("u1", 1) if bits == 8 else ("<u2", 257)
        prefix = "Segmented" if segmented else ""
        tags = {}
        for channel, name in enumerate(CHANNELS):
            numbers = [int(number) * scale for number in COLOURS[:, channel]]
            # Two that are listed, and six on the way to a third one.
            words = [0, 2, *numbers[:2], 1, 6, numbers[3]] if segmented else numbers * 2
            tags[f"{name}PaletteColorLookupTableDescriptor"] = [8, first, bits]
            tags[f"{prefix}{name}PaletteColorLookupTableData"] = np.array(words, kind).tobytes()
        name = f"palette {bits} {first} {prefix}"
        files[name] = write_dicom(
            folder / f"{name}.dcm", indices, PhotometricInterpretation="PALETTE COLOR", **tags
        )
    return files


def _bits(folder, pixels):
    files = {
        "more bits than said": write_dicom(folder / "more.dcm", pixels * 8, **TWELVE),
        "upper bits": write_dicom(folder / "upper.dcm", pixels << 4, BitsStored=12, HighBit=15),
        "wrong high bit": write_dicom(folder / "high.dcm", pixels, BitsStored=12, HighBit=15),
        "8 bits called 16": write_dicom(
            folder / "called.dcm",
            (pixels >> 4).astype(np.uint8),
            **{"BitsAllocated": 16, "BitsStored": 8, "HighBit": 7},
        ),
    }
    unsigned = write_dicom(folder / "unsigned.dcm", (pixels - 2048) & 0xFFF, **TWELVE)
    for name in COMPRESSIONS:
        data = pydicom.dcmread(compress(unsigned, name, folder / f"lost {name}.dcm"))
        data.PixelRepresentation = 1
        data.save_as(folder / f"lost {name}.dcm")
        files[f"lost signs, {name}"] = folder / f"lost {name}.dcm"
    return files


def _numbers(folder, pixels, rng):
    """Whole numbers of 1, 32 and 64 bits."""
    bits = (pixels % 3 == 0).astype(np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    single = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": packed + b"\0"}
    kinds = {"1 bit": (bits, single)}
    kinds["1 bit, inverse"] = (bits, {**single, "PhotometricInterpretation": "MONOCHROME1"})
    for kind in (np.uint32, np.int32, np.uint64, np.int64):
        size = 8 * np.dtype(kind).itemsize
        whole = (pixels.astype(np.float64) / 4096 * 2.0 ** (size - 1)).astype(kind)
        if np.dtype(kind).kind == "i":
            whole[::2] *= -1
        few, shifted = pixels.astype(kind), pixels.astype(kind) << (size - 12)
        garbage = rng.integers(0, 2 ** (size - 13), pixels.shape).astype(kind)
        window = {"WindowCenter": 1900, "WindowWidth": 1500}
        padded = few.copy()
        padded[:, :9] = 20000
        rescaled = {"RescaleSlope": 0.001, "RescaleIntercept": -4, "WindowCenter": 0.5}
        kinds |= {
            f"{kind.__name__}": (whole, {}),
            f"{kind.__name__}, window": (few, window),
            f"{kind.__name__}, inverse": (few, {"PhotometricInterpretation": "MONOCHROME1"}),
            f"{kind.__name__}, rescaled": (few, {**rescaled, "WindowWidth": 3}),
            f"{kind.__name__}, padding": (padded, {"PixelPaddingValue": 20000}),
            f"{kind.__name__}, bits above": (few | garbage << 12, TWELVE),
            f"{kind.__name__}, upper bits": (
                shifted | (garbage & 0xFFFF),
                {"BitsStored": 12, "HighBit": size - 1},
            ),
            f"{kind.__name__}, wrong high bit": (few, {"BitsStored": 12, "HighBit": size - 1}),
            f"{kind.__name__}, more bits than said": (few * 8, TWELVE),
            f"{kind.__name__}, colour": (np.stack([whole, few, whole // 2], axis=2), {}),
        }
    files = {
        name: write_dicom(folder / f"{name}.dcm", array, **tags)
        for name, (array, tags) in kinds.items()
    }
    for name in ("uint32", "int32, window"):
        files[f"{name}, RLE"] = compress(files[name], "RLE", folder / f"{name} RLE.dcm")
    return files


def _real_numbers(folder, pixels):
    """Float Pixel Data and Double Float Pixel Data."""
    files = {}
    for kind, keyword in ((np.float32, "FloatPixelData"), (np.float64, "DoubleFloatPixelData")):
        real = pixels / kind(4096) - kind(0.25)
        holes = real.copy()
        holes[5:9], holes[20:24, :30], holes[20:24, 30:], holes[40, 7] = (
            np.nan,
            np.inf,
            -np.inf,
            1e30,
        )
        padded = real.copy()
        padded[:, :9] = -7.5
        padding = {keyword.replace("Data", "PaddingValue"): -7.5}
        for name, array, tags in (
            ("", real, {}),
            ("inverse, window", real, {"PhotometricInterpretation": "MONOCHROME1", **WINDOW}),
            ("holes", holes, {}),
            ("holes, window", holes, WINDOW),
            ("nothing finite", np.full_like(real, np.nan), {}),
            ("padding", padded, padding),
        ):
            path = folder / f"{keyword} {name}.dcm"
            data = pydicom.dcmread(write_dicom(path, array, **tags))
            setattr(data, keyword, data.PixelData)
            for tag in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
                del data[tag]
            data.save_as(path)
            files[f"{keyword} {name}"] = path
    return files


def _other_byte_order(folder, pixels):
    """Big endian, of bytes in words as well."""
    files = {}
    for kind in ("u1", "i2", "u4", "i4", "u8", "f4"):
        array = (pixels >> (4 if kind == "u1" else 0)).astype(kind)
        path = write_dicom(folder / f"big {kind}.dcm", array, WindowCenter=150, WindowWidth=200)
        data = pydicom.dcmread(path)
        swapped = array.byteswap() if array.itemsize > 1 else array.view("u2").byteswap()
        data.PixelData = swapped.tobytes()
        data["PixelData"].VR = "OW"
        if kind == "f4":
            data.FloatPixelData = data.PixelData
            del data.PixelData
        data.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        pydicom.dcmwrite(path, data, implicit_vr=False, little_endian=False, force_encoding=True)
        files[f"big endian {kind}"] = path
    return files


def refused_files(folder):
    """Files whose pixels are not what their headers say, by what is wrong."""
    pixels = np.arange(600, dtype=np.uint32).reshape(20, 30)
    real = write_dicom(folder / "real.dcm", pixels.astype(np.float32))
    data = pydicom.dcmread(real)
    data.FloatPixelData, data.BitsAllocated = data.PixelData, 16
    del data.PixelData
    data.save_as(real)
    return {
        "bits": write_dicom(folder / "bits.dcm", pixels, BitsAllocated=24),
        "short": write_dicom(folder / "short.dcm", pixels, PixelData=pixels.tobytes()[:-8]),
        "long": write_dicom(folder / "long.dcm", pixels, PixelData=2 * pixels.tobytes()),
        "one bit": write_dicom(
            folder / "one.dcm", pixels, BitsAllocated=1, BitsStored=1, PixelData=bytes(60)
        ),
        "empty": write_dicom(folder / "empty.dcm", pixels, PixelData=b""),
        "real": real,
    }


def _colours(folder):
    rgb = np.kron(COLOURS.reshape(2, 2, 3), np.ones((16, 16, 1), np.uint8))
    pairs = rgb.reshape(-1, 2, 3)
    halved = np.column_stack([pairs[:, 0, 0], pairs[:, 1, 0], pairs[:, 0, 1:]])
    plain = write_dicom(folder / "rgb.dcm", rgb)
    files = {
        "colours that pixels share": write_dicom(
            folder / "shared.dcm",
            rgb,
            PhotometricInterpretation="YBR_FULL_422",
            PixelData=halved.tobytes(),
        ),
        "planes": write_dicom(
            folder / "planes.dcm",
            rgb,
            PlanarConfiguration=1,
            PixelData=np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes(),
        ),
    }
    for name in COMPRESSIONS:
        files[f"colour {name}"] = compress(plain, name, folder / f"colour {name}.dcm")
    for name, kind, options, syntax in (
        ("JPEG", "JPEG", {"quality": 95, "subsampling": 0}, JPEGBaseline8Bit),
        ("JPEG, RGB", "JPEG", {"quality": 95, "keep_rgb": True}, JPEGBaseline8Bit),
        ("JPEG 2000, said YBR", "JPEG2000", {"no_jp2": False, "mct": 1}, JPEG2000Lossless),
    ):
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, kind, **options)
        said = write_dicom(folder / "said.dcm", rgb, PhotometricInterpretation="YBR_FULL")
        files[name] = with_frame(said, stream.getvalue(), syntax, folder / f"{name}.dcm")
    return files


def _files(folder, pixels):
    plain = write_dicom(folder / "whole.dcm", pixels, **TWELVE)
    content, data = plain.read_bytes(), pydicom.dcmread(plain)
    # The preamble, the prefix, and the element that says how long the meta group is.
    begin = 144 + data.file_meta.FileMetaInformationGroupLength
    files = {"no preamble": content[132:], "no meta group": content[begin:]}
    for name, part in files.items():
        (folder / f"{name}.dcm").write_bytes(part)
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data.save_as(folder / "deflated.dcm")
    return {name: folder / f"{name}.dcm" for name in (*files, "deflated")}
