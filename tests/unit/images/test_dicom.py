"""DICOM files are shown as their window says, and name nobody."""

import hashlib
import itertools
import re
import subprocess
import sys
import warnings
from contextlib import suppress

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cxr.core.errors import InputError
from cxr.core.paths import SCRIPTS
from cxr.images.decode import UnusableImage, read_grey
from cxr.images.dicom import ANONYMOUS, UNLISTED, read_pixels, read_tags
from cxr.images.dicom_bounds import bounded_pixels
from cxr.images.dicom_header import UnreadablePixels
from tests.helpers.dicom import COMPRESSIONS, compress, write_dicom
from tests.helpers.jobs import TASK


@pytest.mark.parametrize(
    ("tag", "name", "text", "expected"),
    [
        ("PatientAge", "age_years", "045Y", "45.00"),
        ("PatientAge", "age_years", "\u00b23Y", None),
        ("PatientAge", "age_years", "Y", None),
        ("PatientAge", "age_years", "45", "45.00"),
        ("PatientAge", "age_years", "018m", "1.50"),
        ("PatientAge", "age_years", "45 Hans", None),
        ("StudyDate", "date", "20200316", "2020-03-16"),
        ("StudyDate", "date", "2020031\u00b2", None),
        ("StudyDate", "date", "2020.03.16", "2020-03-16"),
        ("StudyDate", "date", "2020-0316", None),
    ],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR")
def test_a_tag_that_is_no_age_or_date_says_nothing(tmp_path, deep, tag, name, text, expected):
    path = write_dicom(tmp_path / "a.dcm", deep, SpecificCharacterSet="ISO_IR 100", **{tag: text})
    assert read_tags(path)[name] == expected


@pytest.mark.parametrize(
    ("tag", "name", "text", "expected"),
    [
        ("ViewPosition", "view", "AP Supine", "AP Supine"),
        ("ViewPosition", "view", "LLD", "LLD"),
        ("ViewPosition", "view", "MUELLER HANS", UNLISTED),
        ("PatientSex", "sex", "O", "O"),
        ("PatientSex", "sex", "HANS", UNLISTED),
        ("Modality", "modality", "MG", "MG"),
        ("Modality", "modality", "STADTKLINIK", UNLISTED),
    ],
)
def test_a_tag_that_is_no_code_is_not_repeated(tmp_path, deep, tag, name, text, expected):
    assert read_tags(write_dicom(tmp_path / "a.dcm", deep, **{tag: text}))[name] == expected


def test_a_number_of_a_hospital_can_not_be_found_by_trying(tmp_path, deep):
    found = read_tags(write_dicom(tmp_path / "a.dcm", deep, PatientID="4711"))["patient_id"]
    assert re.fullmatch("dicom-[0-9a-f]{16}", found)
    plain = {hashlib.sha256(str(n).encode()).hexdigest()[:16] for n in range(10_000)}
    assert found.removeprefix("dicom-") not in plain


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ANONYMOUS", True),
        ("anonymized^patient", True),
        ("Patient ID removed", True),
        ("N/A", True),
        ("---", True),
        ("XXXXX", True),
        ("0", False),
        ("Patient 1", False),
        ("Anona", False),
    ],
)
def test_a_word_of_anonymising_is_no_patient(tmp_path, deep, text, found):
    path = write_dicom(tmp_path / "a.dcm", deep, PatientID=text)
    assert (read_tags(path)["patient_id"] == ANONYMOUS) == found


def test_tags_other_than_the_id_need_no_secret(tmp_path, deep, monkeypatch):
    monkeypatch.setenv("CXR_PATIENT_SECRET", str(tmp_path / "none"))
    path = write_dicom(tmp_path / "a.dcm", deep, PatientID="4711", PatientSex="F")
    assert read_tags(path, ["sex"]) == {"sex": "F"}
    with pytest.raises(InputError, match="CXR_PATIENT_SECRET: there is no file"):
        read_tags(path)


def test_warnings_of_a_bad_tag_do_not_reach_the_log(tmp_path, deep):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tags = {"StudyDate": "Mueller", "PatientAge": "Hans Mueller", "PatientID": "M" * 80}
        path = write_dicom(tmp_path / "a.dcm", deep, SpecificCharacterSet="Mueller", **tags)
    code = f"""{TASK}
from pathlib import Path
from cxr.images.dicom import read_pixels, read_tags
with job(task):
    read_tags(Path(sys.argv[3]))
    read_pixels(Path(sys.argv[3]))
"""
    subprocess.run([sys.executable, "-c", code, SCRIPTS, tmp_path / "log", path], check=True)
    assert (tmp_path / "log").read_text() == ""


def test_a_windowed_radiograph_is_shown_as_its_window_says(tmp_path, deep):
    plain = read_grey(write_dicom(tmp_path / "a.dcm", deep))
    assert (plain.min(), plain.max()) == (0, 255)
    narrow = read_grey(write_dicom(tmp_path / "b.dcm", deep, WindowCenter=1000, WindowWidth=200))
    assert (narrow[deep < 890] == 0).all()
    assert (narrow[deep > 1110] == 255).all()
    rescaled = write_dicom(
        tmp_path / "c.dcm",
        deep,
        RescaleSlope=2,
        RescaleIntercept=-100,
        WindowCenter=1900,
        WindowWidth=400,
    )
    assert np.abs(read_grey(rescaled).astype(int) - narrow).max() <= 2
    inverse = write_dicom(tmp_path / "d.dcm", deep, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_grey(inverse), 255 - plain)


def test_bits_that_are_allocated_may_be_those_that_are_stored(tmp_path, deep):
    path = tmp_path / "a.dcm"
    expected = read_grey(write_dicom(path, deep))
    tags = {"BitsAllocated": 12, "BitsStored": 12, "HighBit": 11}
    np.testing.assert_array_equal(read_grey(write_dicom(path, deep, **tags)), expected)


def test_bytes_may_be_called_words(tmp_path, deep):
    path, pixels = tmp_path / "a.dcm", (deep[:7, :9] // 16).astype(np.uint8)
    expected = read_grey(write_dicom(path, pixels, PixelData=pixels.tobytes() + b"\0"))
    wide = {"BitsAllocated": 16, "BitsStored": 8, "PixelData": pixels.tobytes() + b"\0"}
    np.testing.assert_array_equal(read_grey(write_dicom(path, pixels, **wide)), expected)


@pytest.mark.parametrize(
    ("syntax", "keep"),
    [
        *itertools.product((ImplicitVRLittleEndian, ExplicitVRLittleEndian), ("meta", "nothing")),
        (DeflatedExplicitVRLittleEndian, "meta"),
    ],
)
def test_a_file_may_lack_its_preamble(tmp_path, deep, syntax, keep):
    expected = read_grey(write_dicom(tmp_path / "a.dcm", deep, PatientSex="F"))
    data = pydicom.dcmread(tmp_path / "a.dcm")
    data.file_meta.TransferSyntaxUID = syntax
    data.save_as(tmp_path / "b.dcm", implicit_vr=syntax == ImplicitVRLittleEndian)
    whole = (tmp_path / "b.dcm").read_bytes()
    length = 144 + pydicom.dcmread(tmp_path / "b.dcm").file_meta.FileMetaInformationGroupLength
    (tmp_path / "b.dcm").write_bytes(whole[132 if keep == "meta" else length :])
    np.testing.assert_array_equal(read_grey(tmp_path / "b.dcm"), expected)
    assert read_tags(tmp_path / "b.dcm", ["sex"]) == {"sex": "F"}


def test_a_picture_with_the_suffix_of_dicom_is_read_as_what_it_is(tmp_path, radiograph):
    Image.fromarray(radiograph).save(tmp_path / "a.dcm", "PNG")
    np.testing.assert_array_equal(read_grey(tmp_path / "a.dcm"), radiograph)
    assert read_tags(tmp_path / "a.dcm", ["sex"]) == {"sex": None}


def vast(data):
    data.Rows, data.Columns = 10_000, 10_001


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data.__delitem__("PixelData"), "a DICOM file without an image"),
        (lambda data: setattr(data, "NumberOfFrames", 3), "a stack of several images"),
        (lambda data: setattr(data, "PixelData", data.PixelData[:100]), "truncated or damaged"),
        (vast, "more than 100 million pixels"),
        (lambda data: data.__delitem__("Rows"), "its header has no Rows"),
        (lambda data: setattr(data, "BitsAllocated", 0), "its header has no BitsAllocated"),
        (lambda data: setattr(data, "PixelData", b""), "a DICOM file without an image"),
        (lambda data: setattr(data, "PixelData", 2 * data.PixelData), "more pixels than its"),
        (lambda data: setattr(data, "BitsAllocated", 24), "pixels of 24 bits, which are not read"),
    ],
)
def test_a_bad_dicom_file_says_why(tmp_path, deep, spoil, reason):
    data = pydicom.dcmread(write_dicom(tmp_path / "a.dcm", deep))
    spoil(data)
    data.save_as(tmp_path / "b.dcm")
    with pytest.raises(UnusableImage, match=reason):
        read_grey(tmp_path / "b.dcm")


TAGS_OF_PIXELS = [
    *("SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames"),
    *("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
    *("PixelPaddingValue", "PixelPaddingRangeLimit", "WindowCenter", "WindowWidth"),
    *("RescaleSlope", "RescaleIntercept", "VOILUTFunction", "PresentationLUTShape"),
    *("VOILUTSequence", "ModalityLUTSequence", "PatientID", "PatientAge", "StudyDate"),
]
TEXTS = [b"", b"\0", b"1\\2", b"-1", b"nan", b"1e308", b"\xff" * 8, b"MONOCHROME1", b"RGB"]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("seed", range(150))
def test_no_damage_to_a_file_does_more_than_cost_it(tmp_path, seed):
    rng = np.random.default_rng(seed)
    shape = (64, 60, 3) if rng.random() < 0.3 else (64, 60)
    pixels = rng.integers(0, 255, shape).astype(rng.choice(["u1", "u2", "i2"]))
    path = write_dicom(tmp_path / "a.dcm", pixels, WindowCenter=100, WindowWidth=100)
    if len(shape) == 2 and rng.random() < 0.4:
        compress(path, rng.choice(list(COMPRESSIONS)), path)
    data = pydicom.dcmread(path)
    for keyword in rng.choice(TAGS_OF_PIXELS, rng.integers(1, 4)):
        raw = (
            rng.bytes(rng.integers(1, 9)) if rng.random() < 0.5 else TEXTS[rng.integers(len(TEXTS))]
        )
        tag = tag_for_keyword(keyword)
        kind = str(rng.choice([dictionary_VR(tag).split()[0], "UN", "OW"]))
        data[tag] = RawDataElement(BaseTag(tag), kind, len(raw), raw, 0, False, True)
    data.save_as(path)
    if rng.random() < 0.3:
        whole = bytearray(path.read_bytes())
        for at in rng.integers(132, len(whole), 3):
            whole[at] = rng.integers(256)
        path.write_bytes(whole[: rng.integers(132, len(whole) + 1)])
    read_tags(path)
    with suppress(UnreadablePixels):
        bounded_pixels(path)
        assert read_pixels(path).dtype == np.uint8
