"""What the columns, file names and tags of a source of one's own hold."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from cxr.config.base import Modality, Section, Term, Unique, View
from cxr.config.fields import OwnName, OwnTag


def _has_one_group(pattern: str) -> str:
    """A regular expression with one group."""
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    if groups != 1:
        raise ValueError(f"a regular expression with one group is needed, it has {groups}")
    return pattern


Pattern = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_has_one_group)
]


class Values(Section):
    """A text for each column of the shared schema."""

    patient_id: Term | None = Field(
        default=None, description="Patient; else DICOM's PatientID, else each file is one."
    )
    finding: Term | None = Field(
        default=None, description="Findings, separated by `,`, `;` or `|`."
    )
    view: Term | None = Field(default=None, description="PA, AP, AP Supine, L, ...")
    modality: Term | None = Field(default=None, description="X-ray, CR, DX, CXR, CT, ...")
    sex: Term | None = Field(default=None, description="M, F, male, female, ...")
    age_years: Term | None = Field(default=None, description="Age: 58, 058Y, 6M, 50+, 40-50, ...")
    date: Term | None = Field(default=None, description="Date of the image: 2020, 2020-03-16, ...")
    offset_days: Term | None = Field(default=None, description="Days since the first symptoms.")
    country: Term | None = Field(default=None, description="Country; else read from the location.")
    location: Term | None = Field(default=None, description="Hospital, city, country.")
    survival: Term | None = Field(
        default=None, description="Whether the patient survived: Y, N, ..."
    )
    icu: Term | None = Field(default=None, description="Whether in intensive care: Y, N, ...")
    intubated: Term | None = Field(default=None, description="Whether intubated: Y, N, ...")
    severity: Term | None = Field(
        default=None, description="asymptomatic, mild, moderate, severe or critical."
    )
    severity_extent: Term | None = Field(default=None, description="Geographic extent, 0 to 8.")
    severity_opacity: Term | None = Field(default=None, description="Opacity, 0 to 6.")
    licence: Term | None = Field(default=None, description="Licence of the image.")
    doi: Term | None = Field(default=None, description="DOI of its publication.")
    fields: dict[OwnName, Term] = Field(
        default_factory=dict,
        description="Fields of your own by name, such as `scanner` or `ward`: text or numbers.",
    )


class Constants(Values):
    """A value for each column of the shared schema."""

    view: View | None = Field(default=None, description="PA, AP, AP Supine, L, ...")
    modality: Modality | None = Field(default=None, description="X-ray, CR, DX, CXR, CT, ...")


PatientPattern = Annotated[
    Pattern | None,
    Field(
        description="Regular expression whose only group is the patient in a file's name, or "
        "else in its path, as `(patient\\d+)`, where nothing else names one; null for DICOM's "
        "PatientID, else each file is a patient.",
    ),
]
OwnTags = Annotated[
    list[OwnTag],
    Unique,
    Field(
        description="Keywords of DICOM tags that become fields of your own, such as "
        "`Manufacturer` (as `manufacturer`); see DICOM tags above.",
    ),
]


class TableColumns(Values):
    """The table's column for each column of the shared schema."""

    file: Term = Field(description="The image's file, below the folder of images.")
    mask: Term | None = Field(
        default=None,
        description="A mask of its lungs, a file below the source's folder as large as the image; "
        "lungs are found where there is none.",
    )
    finding: Annotated[list[Term], Field(min_length=1), Unique] | Term | None = Field(  # type: ignore[assignment]
        default=None,
        description="The column of findings, which are separated by `,`, `;` or `|`; or a list of "
        "columns, each named after a finding that a 1 or yes states: an image has those findings, "
        "and 0, -1 (uncertain) or nothing states none.",
    )
