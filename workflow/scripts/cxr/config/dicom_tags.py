"""Which tags of DICOM files can become own fields, and which of them as a hash.

Plain are numbers, codes, and texts that a maker of devices writes. Other short texts and
UIDs are hashed: equal ones stay equal. What names a person, free text, dates and all of the
patient's group are refused, as are private tags.

References
----------
DICOM PS3.15, annex E, "Attribute confidentiality profiles"; the representations (VR) of
values are those of PS3.5, section 6.2.
"""

import difflib
import re
from functools import cache
from typing import Literal

PATIENT = 0x0010  # the group of the patient's tags
NUMBERS = ("DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV")
CODES = ("CS",)
HASHED = ("AE", "LO", "SH", "UC", "UI", "UR")
PERSONS = re.compile("Patient|Physician|Person|Operator|Reviewer|Performer|Address|Phone|Telephone")
# Short texts of a device, not of its users.
PLAIN = (
    "ConvolutionKernel",
    "FilterType",
    "Manufacturer",
    "ManufacturerModelName",
    "SequenceName",
    "SoftwareVersions",
)
# What is read for the shared schema.
READ_ALREADY = {
    "Modality": "modality",
    "PatientAge": "age_years",
    "PatientID": "patient_id",
    "PatientSex": "sex",
    "StudyDate": "date",
}
Treatment = Literal["number", "code", "text", "hash"]


def field_of(keyword: str) -> str:
    """The own field of a keyword: `ManufacturerModelName` is `manufacturer_model_name`."""
    parts = r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"
    return re.sub(parts, "_", keyword).lower()


@cache
def treatment(keyword: str) -> Treatment:
    """How the values of a tag become a field.

    Raises
    ------
    ValueError
        If the tag is unknown or can't be a field: why, and what to do.
    """
    from pydicom.datadict import dictionary_VR, keyword_dict, tag_for_keyword

    tag = tag_for_keyword(keyword)
    if tag is None:
        near = difflib.get_close_matches(keyword, list(keyword_dict), 1)
        hint = near[0] if near else "Manufacturer"
        raise ValueError(f"{keyword} is no keyword of DICOM; name one, such as {hint}")
    if keyword in READ_ALREADY:
        raise ValueError(f"{keyword} is read already, as {READ_ALREADY[keyword]}; name other tags")
    kind = dictionary_VR(tag).split(" or ")[0]
    names_person = kind in HASHED and PERSONS.search(keyword)
    if tag >> 16 == PATIENT or kind == "PN" or names_person:
        raise ValueError(f"{keyword} may name a person; name other tags")
    if keyword in PLAIN:
        return "text"
    if kind in NUMBERS:
        return "number"
    if kind in CODES:
        return "code"
    if kind in HASHED:
        return "hash"
    raise ValueError(f"{keyword} holds free text, a date or data (VR {kind}); name other tags")
