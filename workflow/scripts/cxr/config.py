"""The typed config: the one source of validation, defaults, JSON Schema and documentation.

Units are in the descriptions.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=60)]
Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
# Folders under results/ and results/sources/ that are not a study's or a source's.
RESERVED = {"study": ("sources", "weights"), "sources": ("logs", "benchmarks")}
Address = Annotated[
    str, StringConstraints(pattern=r"^(https://|http://(localhost|127\.0\.0\.1)[:/])")
]
Term = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Reader = Literal["covid_ct", "ieee8023", "kermany"]  # of folders as their publishers lay them out
Architecture = Literal[
    "conv5",
    "vgg16",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet152",
    "densenet121",
    "mobilenet_v2",
]


def _lies_inside(path: str) -> str:
    """A relative path that does not climb."""
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("the path must lie below the source's folder")
    return path


Inside = Annotated[
    str, StringConstraints(min_length=1, strip_whitespace=True), AfterValidator(_lies_inside)
]


class Section(BaseModel):
    """A part of the config; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class Range(Section):
    """Evenly spaced values from `start` to `stop`, both included."""

    start: float = Field(description="First value.")
    stop: float = Field(description="Last value, included when the steps reach it.")
    step: float = Field(default=1.0, gt=0, description="Distance of two values.")

    @model_validator(mode="after")
    def _ascending(self) -> "Range":
        if self.stop <= self.start:
            raise ValueError(f"stop ({self.stop:g}) must be greater than start ({self.start:g})")
        if (self.stop - self.start) / self.step > 1e6:
            raise ValueError("more than a million values; take a larger step")
        return self

    def values(self) -> list[float]:
        """The values, as floats of start + i * step."""
        count = math.floor((self.stop - self.start) / self.step + 1e-9) + 1
        return [self.start + i * self.step for i in range(count)]


class SourceBase(Section):
    """What every source has."""

    licence: str = Field(default="", description="Licence of the data, as the publisher states it.")
    citation: str = Field(default="", description="How to cite the data.")


class PublishedSource(SourceBase):
    """A source in the layout of one of the readers."""

    reader: Reader = Field(description="Which reader turns its files into the shared schema.")
    unpack: list[Inside] = Field(
        default_factory=list, description="Zip or tar files inside it that are unpacked beside."
    )


class SyntheticSource(SourceBase):
    """A cohort of phantom chest radiographs drawn by code, with planted truth."""

    kind: Literal["synthetic"]
    reader: Literal["ieee8023"] = Field(
        default="ieee8023", description="Synthetic cohorts are written in the ieee8023 layout."
    )
    licence: str = Field(default="CC0", description="Licence of the data.")
    patients: int = Field(default=48, ge=4, description="Patients in each of the four classes.")
    images_per_patient: float = Field(
        default=1.5, ge=1, le=10, description="Mean number of images of a patient, over time."
    )
    image_size: int = Field(
        default=192, ge=64, le=1024, description="Height of the drawn radiographs, pixels."
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
        description="How far the planted groups lie apart; 0 is not at all.",
    )
    seed: Seed = Field(default=2020, description="Seed of the drawing.")


class DirectorySource(PublishedSource):
    """A folder that is already on this machine; it is linked, never copied or changed."""

    kind: Literal["directory"]
    path: str = Field(min_length=1, description="The folder; relative to where snakemake runs.")


class Values(Section):
    """One text for each column of the shared schema."""

    patient_id: Term | None = Field(default=None, description="Patient; one file is one without.")
    finding: Term | None = Field(default=None, description="Findings, separated by commas.")
    view: Term | None = Field(default=None, description="PA, AP, AP Supine, L, ...")
    modality: Term | None = Field(default=None, description="X-ray, CR, DX or CT.")
    sex: Term | None = Field(default=None, description="M, F, male, female.")
    age_years: Term | None = Field(default=None, description="Age in years.")
    date: Term | None = Field(default=None, description="Date of the image: 2020, 2020-03-16, ...")
    offset_days: Term | None = Field(default=None, description="Days since the first symptoms.")
    country: Term | None = Field(default=None, description="Country; else read from the location.")
    location: Term | None = Field(default=None, description="Hospital, city, country.")
    severity_extent: Term | None = Field(default=None, description="Geographic extent, 0 to 8.")
    severity_opacity: Term | None = Field(default=None, description="Opacity, 0 to 6.")
    licence: Term | None = Field(default=None, description="Licence of the image.")
    doi: Term | None = Field(default=None, description="DOI of its publication.")


class TableColumns(Values):
    """The table's column for each column of the shared schema."""

    file: Term = Field(description="The image's file, below the folder of images.")


class TableSource(SourceBase):
    """Your own cohort: one table and a folder of images on this machine, linked, never changed."""

    kind: Literal["table"]
    reader: Literal["table"] = Field(default="table", description="Tables have their own reader.")
    path: str = Field(min_length=1, description="Folder of both; relative to where snakemake runs.")
    table: Inside = Field(
        default="cohort.csv",
        description="The table below it: CSV, Parquet or XLSX, a row an image.",
    )
    images: Inside = Field(default=".", description="Folder of the images below it.")
    columns: TableColumns = Field(description="Which column of the table holds what.")
    constants: Values = Field(
        default_factory=Values, description="What is the same for every image and in no column."
    )

    @model_validator(mode="after")
    def _findings_are_known(self) -> "TableSource":
        if self.columns.finding is None and self.constants.finding is None:
            raise ValueError("neither columns.finding nor constants.finding is given; name one")
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
    """A zip or tar archive behind an address, checked against its SHA-256."""

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
    """One of the known public sets, pinned: see `config/presets.yaml`."""

    kind: Literal["preset"]
    preset: Literal[
        "covid-chestxray-2020-04-08", "covid-chestxray-2020-06-22", "covid-ct", "kermany-2018"
    ] = Field(description="Which one.")


Source = Annotated[
    SyntheticSource | DirectorySource | TableSource | GitSource | ArchiveSource | PresetSource,
    Field(discriminator="kind"),
]


class CohortClass(Section):
    """Which images make up a class."""

    findings: list[Term] = Field(
        min_length=1, description="An image with any of these finding terms belongs to the class."
    )
    sources: list[Name] | None = Field(
        default=None, description="Only images of these sources; null for all."
    )


class Splits(Section):
    """Shares of the patients held back; the rest trains."""

    validation: float = Field(
        default=0.15, gt=0, lt=0.5, description="Share of each class for early stopping."
    )
    test: float = Field(default=0.2, gt=0, lt=0.5, description="Share of each class for testing.")


class NearDuplicates(Section):
    """When two images count as the same radiograph: they are flagged and stay in one split."""

    bits: int = Field(
        default=8,
        ge=0,
        le=20,
        description="Images whose 64-bit perceptual hashes differ in at most so many bits are "
        "compared pixel by pixel.",
    )
    correlation: float = Field(
        default=0.95, gt=0, le=1, description="Least correlation of the pixels of near duplicates."
    )


class Cohort(Section):
    """Filters, balance, splits and the pixel cache."""

    classes: dict[Term, CohortClass] = Field(
        min_length=2, description="Classes by name; outputs list them in alphabetical order."
    )
    views: list[Term] = Field(
        default=["PA", "AP", "AP Supine"], min_length=1, description="Views that are kept."
    )
    modality: Term = Field(default="X-ray", description="Modality that is kept.")
    per_class: Literal["min", "all"] | Annotated[int, Field(ge=2)] = Field(
        default="min",
        description="Images a class: `min` takes as many as the smallest class has, a number at "
        "most that many (and no more than the smallest class has), `all` takes every image.",
    )
    min_side: int = Field(
        default=64, ge=2, description="Smallest usable image side, pixels; smaller is rejected."
    )
    image_size: int = Field(
        default=128, ge=16, le=1024, description="Side of the square cached images, pixels."
    )
    square: Literal["crop", "stretch", "pad"] = Field(
        default="crop",
        description="How an image becomes square: its largest centred square, squashed, or padded "
        "with black. `crop` is the only one that hides the aspect ratio from a network.",
    )
    near_duplicates: NearDuplicates = Field(
        default_factory=NearDuplicates, description="When two images count as the same radiograph."
    )
    splits: Splits = Field(default_factory=Splits, description="Shares of the splits.")


class Training(Section):
    """How a model is trained."""

    image_size: Annotated[int, Field(ge=16, le=1024)] | None = Field(
        default=None, description="Side of the network's input, pixels; null for the cache's."
    )
    epochs: int = Field(default=30, ge=1, description="Most epochs.")
    patience: int = Field(
        default=8, ge=1, description="Epochs without a better validation loss before it stops."
    )
    batch_size: int = Field(default=32, ge=2, description="Images a step.")
    learning_rate: float = Field(default=1e-3, gt=0, lt=1, description="Peak rate of AdamW.")
    weight_decay: float = Field(default=1e-2, ge=0, lt=1, description="Weight decay of AdamW.")
    frozen_epochs: int = Field(
        default=0, ge=0, description="Epochs at the start in which only the dense layers learn."
    )
    augment: bool = Field(
        default=True, description="Small random rotation, shift, scale, brightness and contrast."
    )


class Net(Section):
    """A network and its training."""

    architecture: Architecture = Field(description="Its body.")
    weights: str = Field(
        default="none",
        min_length=1,
        description="`none`, `imagenet`, or the path of a state dict (.pth, .safetensors).",
    )
    feature_dim: int = Field(
        default=64,
        ge=2,
        le=4096,
        description="Units of the dense layer whose outputs are clustered.",
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Dropout before the output.")
    training: Training = Field(default_factory=Training, description="Its training.")

    @model_validator(mode="after")
    def _weights_exist_for(self) -> "Net":
        if self.architecture == "conv5" and self.weights == "imagenet":
            raise ValueError("conv5 has no imagenet weights; take `weights: none` or a path")
        return self


class Chunk(Section):
    """The maps of one job; a job should have half a minute of work or more.

    A map takes 0.02 s at 200 images, half a second at 1,000, 20 s at 6,000.
    """

    perplexities: int = Field(
        default=100,
        ge=1,
        description="Perplexities of one job: 1 to this number, the next as many, and so on.",
    )
    seeds: int = Field(
        default=5,
        ge=1,
        description="Seeds of one job: 0 to this number less 1, the next as many, and so on.",
    )


class Embedding(Section):
    """The two-dimensional maps."""

    classes: list[Term] | None = Field(
        default=None, min_length=1, description="Images of these classes are mapped; null for all."
    )
    perplexities: Range | list[Annotated[float, Field(ge=1)]] = Field(
        default=Range(start=5, stop=50, step=5),
        description="Perplexities of the t-SNE sweep, a list or a range; those above n - 1 are "
        "left out and named in the log.",
    )
    seeds: list[Seed] = Field(
        default=[0], min_length=1, description="Seeds; every perplexity is run with each."
    )
    initialization: Literal["pca", "random"] = Field(
        default="pca", description="Start of t-SNE; `random` follows the seed."
    )
    gradient: Literal["auto", "exact", "barnes-hut", "fft"] = Field(
        default="auto",
        description="How the gradient of t-SNE is computed; `auto` is exact up to 2000 images, "
        "where that is also the fastest, `fft` from 10000 on, and `barnes-hut` between them.",
    )
    device: Literal["cpu", "gpu"] = Field(
        default="cpu",
        description="`gpu` computes all maps of a job at once with torch, exactly. It is a choice, "
        "not found out by itself, because sums in another order can lead to other maps.",
    )
    chunk: Chunk = Field(default_factory=Chunk, description="The maps of one job.")

    @field_validator("perplexities")
    @classmethod
    def _some(cls, value: Any) -> Any:
        values = value.values() if isinstance(value, Range) else value
        if not values:
            raise ValueError("the list is empty; name at least one perplexity")
        if min(values) < 1:
            raise ValueError("a perplexity is below 1")
        if len(set(values)) < len(values):
            raise ValueError("a perplexity occurs twice")
        return value

    @field_validator("seeds")
    @classmethod
    def _once(cls, value: list[int]) -> list[int]:
        if len(set(value)) < len(value):
            raise ValueError("a seed occurs twice")
        return value

    @model_validator(mode="after")
    def _gpu_is_exact(self) -> "Embedding":
        if self.device == "gpu" and self.gradient in ("barnes-hut", "fft"):
            raise ValueError(
                f"device gpu computes the exact gradient, not {self.gradient}; "
                f"take `gradient: exact` or `device: cpu`"
            )
        return self


def _grid_values(value: Any, least: float, *, whole: bool) -> Any:
    """The list or range itself when its values can be an axis of a grid."""
    values = value.values() if isinstance(value, Range) else value
    if not values:
        raise ValueError("the list is empty; name at least one value")
    if whole and any(number != int(number) for number in values):
        raise ValueError("values must be whole numbers")
    if min(values) < least or min(values) <= 0:
        raise ValueError(f"values must be {f'at least {least}' if least else 'greater than 0'}")
    if len(set(values)) < len(values):
        raise ValueError("a value occurs twice")
    return value


class Hdbscan(Section):
    """The grid of HDBSCAN cells."""

    min_cluster_size: Range | list[Annotated[int, Field(ge=2)]] = Field(
        default=[5, 10, 20], description="Points that make a cluster, a list or a range."
    )
    min_samples: Range | list[Annotated[int, Field(ge=1)]] = Field(
        default=[5, 10],
        description="Neighbours (the point itself does not count) of the core distance.",
    )

    @field_validator("min_cluster_size")
    @classmethod
    def _sizes(cls, value: Any) -> Any:
        return _grid_values(value, 2, whole=True)

    @field_validator("min_samples")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        return _grid_values(value, 1, whole=True)


class Clustering(Section):
    """The grid of clusterings and which of them qualify."""

    eps: Range | list[Annotated[float, Field(gt=0)]] = Field(
        default=Range(start=0.1, stop=1.9, step=0.1),
        description="Neighbourhood radii on axes of unit variance, a list or a range.",
    )
    min_samples: Range | list[Annotated[int, Field(ge=1)]] = Field(
        default=Range(start=5, stop=19, step=1),
        description="Neighbours (the point itself counts) that make a core point.",
    )
    hdbscan: Hdbscan | None = Field(
        default_factory=Hdbscan,
        description="HDBSCAN beside DBSCAN, which needs no eps; null for none.",
    )
    min_clusters: int = Field(default=3, ge=1, description="Fewest clusters that qualify.")
    max_clusters: int = Field(default=8, ge=1, description="Most clusters that qualify.")
    max_perplexity_share: float = Field(
        default=1 / 3,
        gt=0,
        le=1,
        description="Cells whose perplexity exceeds this share of the number of images are ranked "
        "but marked unreliable: t-SNE looks at 3 x perplexity neighbours.",
    )

    @field_validator("eps")
    @classmethod
    def _radii(cls, value: Any) -> Any:
        return _grid_values(value, 0, whole=False)

    @field_validator("min_samples")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        return _grid_values(value, 1, whole=True)

    @model_validator(mode="after")
    def _ordered(self) -> "Clustering":
        if self.min_clusters > self.max_clusters:
            raise ValueError(
                f"min_clusters ({self.min_clusters}) is greater than max_clusters "
                f"({self.max_clusters})"
            )
        return self


class Report(Section):
    """Words of the report."""

    title: str = Field(default="Clusters of learned image features", description="Its title.")
    question: str = Field(
        default="Do the features that a network learns on these images fall into clusters, and do "
        "the clusters follow countries?",
        description="The question that the study asks.",
    )


class Config(Section):
    """One study."""

    study: Name = Field(description="Name of the study and of its folder under results/.")
    seed: Seed = Field(default=2020, description="Seed of sampling, splits and training.")
    mirror: str | None = Field(
        default=None,
        description="Folder that already holds the sources under their upstream folder names; "
        "nothing is then downloaded.",
    )
    sources: dict[Name, Source] = Field(min_length=1, description="Data sources by name.")
    cohort: Cohort = Field(description="Filters, balance, splits and the pixel cache.")
    models: dict[Name, Net] = Field(min_length=1, description="Networks by name.")
    embedding: Embedding = Field(default_factory=Embedding, description="The maps.")
    clustering: Clustering = Field(default_factory=Clustering, description="The grid.")
    report: Report = Field(default_factory=Report, description="Words of the report.")

    @model_validator(mode="after")
    def _names_are_free(self) -> "Config":
        if self.study in RESERVED["study"]:
            raise ValueError(f"study can't be '{self.study}', which is a folder of its own")
        for name in self.sources:
            if name in RESERVED["sources"]:
                raise ValueError(f"sources.{name} can't have this name; it is a folder of its own")
        return self

    @model_validator(mode="after")
    def _references_exist(self) -> "Config":
        for name, cohort_class in self.cohort.classes.items():
            for source in cohort_class.sources or []:
                if source not in self.sources:
                    raise ValueError(
                        f"cohort.classes.{name}.sources names '{source}', which is not in sources"
                    )
        for name in self.embedding.classes or []:
            if name not in self.cohort.classes:
                raise ValueError(
                    f"embedding.classes names '{name}', which is not in cohort.classes"
                )
        for name, net in self.models.items():
            side = net.training.image_size
            if side is not None and side > self.cohort.image_size:
                raise ValueError(
                    f"models.{name}.training.image_size ({side}) is greater than cohort.image_size "
                    f"({self.cohort.image_size})"
                )
        return self
