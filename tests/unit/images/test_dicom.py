"""DICOM files are shown as their window says, and name nobody."""

import hashlib
import re
import subprocess
import sys
import warnings

import gdcm
import numpy as np
import pydicom
import pytest

from cxr.core.errors import InputError
from cxr.core.paths import SCRIPTS
from cxr.images.decode import UnusableImage, read_grey
from cxr.images.dicom import UNLISTED, read_tags
from tests.helpers.dicom import write_dicom
from tests.helpers.jobs import TASK


@pytest.mark.parametrize(
    ("tag", "name", "text", "expected"),
    [
        ("PatientAge", "age_years", "045Y", "45.00"),
        ("PatientAge", "age_years", "\u00b23Y", None),
        ("PatientAge", "age_years", "Y", None),
        ("StudyDate", "date", "20200316", "2020-03-16"),
        ("StudyDate", "date", "2020031\u00b2", None),
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


COMPRESSIONS = {
    "RLE": gdcm.TransferSyntax.RLELossless,
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_dicom_is_decoded(tmp_path, deep, name):
    expected = read_grey(write_dicom(tmp_path / "a.dcm", deep))
    reader, change, writer = (
        gdcm.ImageReader(),
        gdcm.ImageChangeTransferSyntax(),
        gdcm.ImageWriter(),
    )
    reader.SetFileName(str(tmp_path / "a.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(COMPRESSIONS[name]))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(tmp_path / "b.dcm"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    assert pydicom.dcmread(tmp_path / "b.dcm").file_meta.TransferSyntaxUID.is_compressed
    np.testing.assert_array_equal(read_grey(tmp_path / "b.dcm"), expected)


def vast(data):
    data.Rows, data.Columns = 10_000, 10_001


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: data.__delitem__("PixelData"), "a DICOM file without an image"),
        (lambda data: setattr(data, "NumberOfFrames", 3), "a stack of several images"),
        (lambda data: setattr(data, "PixelData", data.PixelData[:100]), "truncated or damaged"),
        (vast, "more than 100 million pixels"),
    ],
)
def test_a_bad_dicom_file_says_why(tmp_path, deep, spoil, reason):
    data = pydicom.dcmread(write_dicom(tmp_path / "a.dcm", deep))
    spoil(data)
    data.save_as(tmp_path / "b.dcm")
    with pytest.raises(UnusableImage, match=reason):
        read_grey(tmp_path / "b.dcm")
