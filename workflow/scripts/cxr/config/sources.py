"""Sources of images."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from cxr.config.base import Location, Modality, OneOf, Section, Seed, Term, Unique, View
from cxr.config.catalogue.readers import PUBLISHED
from cxr.config.fields import OwnName, OwnTag

Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Address = Annotated[
    str, StringConstraints(pattern=r"^(https://|http://(localhost|127\.0\.0\.1)[:/])")
]


def _lies_inside(path: str) -> str:
    """A relative path that does not climb, spelt in one way."""
    plain = PurePosixPath(path)
    if plain.is_absolute() or ".." in plain.parts:
        raise ValueError("the path must lie below the source's folder")
    return plain.as_posix()


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
Inside = Annotated[
    str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_lies_inside)
]


class SourceBase(Section):
    """Keys that every source has."""

    licence: str = Field(default="", description="Licence of the data, as the publisher states it.")
    citation: str = Field(default="", description="How to cite the data.")


class PublishedSource(SourceBase):
    """A source in a published layout."""

    reader: Annotated[str, OneOf(PUBLISHED)] = Field(description="Reader of its layout.")
    unpack: list[Inside] = Field(
        default_factory=list,
        description="Zip or tar files in it that are unpacked, each into a folder beside it.",
    )


class SyntheticSource(SourceBase):
    """A cohort of synthetic chest radiographs, with planted groups."""

    kind: Literal["synthetic"]
    reader: Literal["ieee8023"] = Field(
        default="ieee8023", description="Synthetic cohorts are written in the ieee8023 layout."
    )
    licence: str = Field(default="CC0", description="Licence of the data.")
    patients: int = Field(default=48, ge=4, description="Patients in each of the four classes.")
    images_per_patient: float = Field(
        default=1.5, ge=1, le=10, description="Mean number of images per patient, over time."
    )
    image_size: int = Field(
        default=192, ge=64, le=1024, description="Height of the radiographs, pixels."
    )
    variants: int = Field(
        default=3,
        ge=1,
        le=6,
        description="Planted appearance groups inside the COVID-19 class; 1 plants none.",
    )
    variant_strength: float = Field(
        default=1.0,
        ge=0,
        le=3,
        description="Separation of the planted groups; 0 for none.",
    )
    variant_sites: bool = Field(
        default=False,
        description="Whether each planted group is from one hospital with its own scanner: a "
        "confounder.",
    )
    seed: Seed = Field(default=2020, description="Seed of the cohort.")


class DirectorySource(PublishedSource):
    """A folder that is already on this machine; it is linked, never copied or changed."""

    kind: Literal["directory"]
    path: Location = Field(description="The folder; relative to where snakemake runs.")


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


class TableSource(SourceBase):
    """Your own cohort: one table and a folder of images on this machine, linked, never changed."""

    kind: Literal["table"]
    reader: Literal["table"] = Field(default="table", description="Tables have their own reader.")
    path: Location = Field(description="Folder of both; relative to where snakemake runs.")
    table: Inside = Field(
        default="cohort.csv",
        description="The table below it: CSV, Parquet or XLSX, a row an image.",
    )
    images: Inside = Field(default=".", description="Folder of the images below it.")
    columns: TableColumns = Field(
        description="Columns of the table, by column of the shared schema."
    )
    constants: Constants = Field(
        default_factory=Constants,
        description="Values that are the same for every image and in no column.",
    )
    tags: OwnTags = Field(default_factory=list)
    patient: PatientPattern = None
    dates: Literal["day-first", "month-first"] | None = Field(
        default=None,
        description="Order of day and month in dates such as 3/7/2020; null to find it out from "
        "the dates of the column, of which a day above 12 decides for all with its separator.",
    )

    @model_validator(mode="after")
    def _has_findings(self) -> "TableSource":
        if self.columns.finding is None and self.constants.finding is None:
            raise ValueError("columns.finding and constants.finding are both missing; name one")
        return self


class FolderSource(SourceBase):
    """Your own images in folders that are named after what they show; linked, never changed."""

    kind: Literal["folders"]
    reader: Literal["folders"] = Field(default="folders", description="They have their own reader.")
    path: Location = Field(description="The folder; relative to where snakemake runs.")
    images: Inside = Field(
        default=".",
        description="The folder of these folders below it. An image's finding is the name of the "
        "nearest folder around it that is not `images`, `train`, `test` and the like; what lies in "
        "a folder `masks` is left out.",
    )
    patient: PatientPattern = None
    constants: Constants = Field(
        default_factory=Constants, description="Values that are the same for every image."
    )
    tags: OwnTags = Field(default_factory=list)

    @model_validator(mode="after")
    def _folders_name_findings(self) -> "FolderSource":
        if self.constants.finding is not None:
            raise ValueError("constants.finding is not used; the folders' names are the findings")
        return self


class GitSource(PublishedSource):
    """Some paths of a git repository at one commit; git's own hashes are the integrity check."""

    kind: Literal["git"]
    url: str = Field(min_length=1, description="Address of the repository.")
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] = Field(
        description="Full commit id."
    )
    paths: list[Term] = Field(
        default_factory=list, description="Only these files and folders; empty for all."
    )
    folder: Folder = Field(description="Name of its folder in a mirror.")


class ArchiveSource(PublishedSource):
    """A zip or tar archive at an address, checked against its SHA-256."""

    kind: Literal["archive"]
    url: Address = Field(description="Address of the archive, https.")
    mirrors: list[Address] = Field(
        default_factory=list, description="Other addresses of the same archive, tried in order."
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="Checksum of the archive; null where the publisher states none: it is then "
        "recorded at the first download.",
    )
    folder: Folder = Field(description="Name of its folder in a mirror.")


class PresetSource(Section):
    """A public data set, pinned: see `config/presets.yaml`."""

    kind: Literal["preset"]
    preset: Literal[
        "covid-chestxray-2020-04-08", "covid-chestxray-2020-06-22", "covid-ct", "kermany-2018"
    ] = Field(description="Its name.")


Source = Annotated[
    SyntheticSource
    | DirectorySource
    | TableSource
    | FolderSource
    | GitSource
    | ArchiveSource
    | PresetSource,
    Field(discriminator="kind"),
]
