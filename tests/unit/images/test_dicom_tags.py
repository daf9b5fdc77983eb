"""Tags of DICOM files as own fields, none of which names anybody."""

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cxr.core.errors import InputError
from cxr.images.dicom import read_tags
from cxr.images.dicom_tags import require_tags
from tests.helpers.dicom import deep_pixels, write_dicom

PLAIN = {
    "Manufacturer": "GE  Healthcare",
    "ManufacturerModelName": "Definium 8000",
    "KVP": "119.5",
    "Exposure": "2",
    "BodyPartExamined": "CHEST",
    "PatientPosition": "HFS",
}
HASHED = {
    "StationName": "ANSBACH-CT-2",
    "InstitutionName": "Waldkrankenhaus Ansbach",
    "DeviceSerialNumber": "S4711",
    "AccessionNumber": "ACC7749201",
    "StudyInstanceUID": "1.2.840.99.7",
    "StudyDescription": "Thorax Hans Müller",
}


def test_technical_tags_are_plain_and_those_that_tell_a_place_are_hashed(tmp_path, rng):
    pixels = deep_pixels(rng)
    first = write_dicom(tmp_path / "a.dcm", pixels, **PLAIN, **HASHED, PixelSpacing=[0.14, 0.2])
    second = write_dicom(tmp_path / "b.dcm", pixels, StationName="ANSBACH-CT-2", Manufacturer="")
    keywords = (*PLAIN, *HASHED, "PixelSpacing")
    fields, others = read_tags(first, (), keywords), read_tags(second, ["sex"], keywords)
    assert [fields[name] for name in ("manufacturer", "manufacturer_model_name", "kvp")] == [
        "GE Healthcare",
        "Definium 8000",
        "119.5",
    ]
    assert (fields["exposure"], fields["body_part_examined"]) == ("2", "CHEST")
    assert (fields["pixel_spacing"], fields["patient_position"]) == ("0.14\\0.2", "HFS")
    assert fields["station_name"] == others["station_name"]
    hashes = {fields[n] for n in ("station_name", "institution_name", "study_instance_uid")}
    assert len(hashes) == 3
    assert all(text.startswith("hash-") and len(text) == 21 for text in hashes)
    assert not any(word in str(fields) for word in HASHED.values())
    assert others["manufacturer"] is None
    assert others["sex"] is None


def test_values_of_another_form_are_left_out(tmp_path, rng):
    path = tmp_path / "a.dcm"
    write_dicom(path, deep_pixels(rng))
    data = pydicom.dcmread(path)
    nested = Dataset()
    nested.PatientName = "Doe^Jane"
    with pytest.warns(UserWarning, match="VR"):
        data.add_new("BodyPartExamined", "CS", "Müller; Hans")
    data.add_new("KVP", "LO", "Petzold")
    data.add_new("Manufacturer", "SQ", [nested])
    data.add_new("SoftwareVersions", "PN", "Doe^Jane")
    data.save_as(path)
    keywords = ("BodyPartExamined", "KVP", "Manufacturer", "SoftwareVersions")
    assert set(read_tags(path, (), keywords).values()) == {None}


def test_a_file_that_can_not_be_read_has_no_tags(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(np.arange(9, dtype=np.uint8).tobytes())
    assert read_tags(path, ["sex"], ["KVP"]) == {"sex": None, "kvp": None}


@pytest.mark.parametrize(
    ("keyword", "why"),
    [
        ("PatientName", "PatientName may name a person"),
        ("PatientBirthDate", "may name a person"),
        ("PatientWeight", "may name a person"),
        ("OperatorsName", "may name a person"),
        ("ReferringPhysicianTelephoneNumbers", "may name a person"),
        ("InstitutionAddress", "holds free text"),
        ("ImageComments", "holds free text"),
        ("AcquisitionDate", "a date"),
        ("PixelData", "data"),
        ("RequestAttributesSequence", "data"),
        ("PatientID", "read already, as patient_id"),
        ("Manufactuer", "name one, such as Manufacturer"),
        ("(0008,0070)", "is no keyword of DICOM"),
    ],
)
def test_tags_that_may_name_somebody_are_refused(keyword, why):
    with pytest.raises(InputError, match=r"'sources\.ours\.tags'") as error:
        require_tags("sources.ours.tags", ["KVP", keyword])
    assert why in str(error.value)
