"""Sources of images."""

from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from cxr.config.base import Location, OneOf, Section, Seed, Term
from cxr.config.catalogue.readers import PUBLISHED, TABLE
from cxr.config.columns import Constants, OwnTags, PatientPattern, TableColumns

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


class TableKeys(SourceBase):
    """Keys of one table and a folder of images."""

    reader: Literal["table"] = Field(default="table", description="Tables have their own reader.")
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
    def _has_findings(self) -> Self:
        if self.columns.finding is None and self.constants.finding is None:
            raise ValueError("columns.finding and constants.finding are both missing; name one")
        return self


class TableSource(TableKeys):
    """Your own cohort: one table and a folder of images on this machine, linked, never changed."""

    kind: Literal["table"]
    path: Location = Field(description="Folder of both; relative to where snakemake runs.")


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


class GitKeys(Section):
    """Keys of some paths of a git repository."""

    url: str = Field(min_length=1, description="Address of the repository.")
    commit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] = Field(
        description="Full commit id."
    )
    paths: list[Term] = Field(
        default_factory=list, description="Only these files and folders; empty for all."
    )
    folder: Folder = Field(description="Name of its folder in a mirror.")


class GitSource(GitKeys, PublishedSource):
    """Some paths of a git repository at one commit; git's own hashes are the integrity check."""

    kind: Literal["git"]


class GitTableSource(GitKeys, TableKeys):
    """The same with `reader: table`: one table and a folder of images, as of kind `table`."""

    kind: Literal["git"]


def _git_reader(source: object) -> str:
    """Which of the two git sources is meant; tags in brackets stand in no error's key."""
    values = source if isinstance(source, dict) else vars(source)
    is_table = values.get("reader") == TABLE or "columns" in values
    return "[table]" if is_table else "[published]"


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
        "actualmed-2020",
        "covid-chestxray-2020-04-08",
        "covid-chestxray-2020-06-22",
        "covid-ct",
        "figure1-2020",
        "kermany-2018",
    ] = Field(description="Its name.")


Source = Annotated[
    SyntheticSource
    | DirectorySource
    | TableSource
    | FolderSource
    | Annotated[
        Annotated[GitSource, Tag("[published]")] | Annotated[GitTableSource, Tag("[table]")],
        Discriminator(_git_reader),
    ]
    | ArchiveSource
    | PresetSource,
    Field(discriminator="kind"),
]
