"""Filters, balancing, splits and cached pixels."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cxr.config.base import Modality, Name, Section, Term, Unique, View
from cxr.config.catalogue.fields import MATCHED, TEXTS
from cxr.config.fields import RecordedField

AtLeastTwo = Annotated[int, Field(ge=2)]


class CohortClass(Section):
    """Which images make up a class."""

    findings: list[Term] = Field(
        min_length=1,
        description="An image with any of these findings belongs to the class; each is a word of "
        "the table or the vocabulary, and of several terms (`COVID-19, ARDS`) an image needs all.",
    )
    without: list[Term] = Field(
        default_factory=list,
        description="An image with any of these findings does not belong to the class.",
    )
    first: list[Term] = Field(
        default_factory=list,
        description="Images with any of these findings are selected before the others, where "
        "balancing removes images of the class.",
    )
    sources: list[Name] | None = Field(
        default=None, description="Only images of these sources; null for all."
    )


class Splits(Section):
    """Shares of the patients that are held out; the others train."""

    validation: float = Field(
        default=0.15, gt=0, lt=0.5, description="Share of each class for early stopping."
    )
    test: float = Field(default=0.2, gt=0, lt=0.5, description="Share of each class for testing.")


class NearDuplicates(Section):
    """When two images count as the same one: they are flagged and kept in one split."""

    bits: int = Field(
        default=8,
        ge=0,
        le=20,
        description="Images whose 64-bit perceptual hashes differ in at most this number of bits "
        "are compared pixel by pixel.",
    )
    correlation: float = Field(
        default=0.95, gt=0, le=1, description="Least correlation of the pixels of near duplicates."
    )
    exclude_contradictions: bool = Field(
        default=False,
        description="Whether near duplicates with different classes are both excluded before "
        "classes are balanced. Small or smooth images of two patients may be similar enough to be "
        "excluded.",
    )


class Text(Section):
    """Burned-in words and markers, which are searched for in every image."""

    words: Literal["none", "file", "field"] = Field(
        default="file",
        description="What becomes of the words: `file` keeps them in `text.csv` alone, `field` "
        "makes them the recorded field `text_words` as well, which the page shows, `none` does "
        "not read them, which is faster.",
    )
    chunks: int = Field(
        default=4,
        ge=1,
        le=1000,
        description="Jobs that the images are divided among. The results are the same.",
    )


class Tags(Section):
    """Labels besides the class, any number an image; a network learns them with the class."""

    fields: Annotated[list[Annotated[str, RecordedField(TEXTS)]], Unique] = Field(
        default=["severity", "location"],
        min_length=1,
        description="Recorded fields of text whose values are tags.",
    )
    min_patients: int = Field(
        default=3,
        ge=2,
        description="Least number of patients with a tag; rarer values of a field are merged into "
        "`other`, or left out where even these have fewer patients.",
    )


class Cohort(Section):
    """Filters, balancing, splits and cached pixels."""

    classes: dict[Term, CohortClass] = Field(
        min_length=2, description="Classes by name; outputs list them in alphabetical order."
    )
    views: Annotated[list[View], Field(min_length=1)] | None = Field(
        default=["PA", "AP", "AP Supine"],
        description="Views that are included: PA, AP, AP Supine, AP Erect, AP Semi Erect, L, Axial "
        "or Coronal, in any usual spelling; null for every view, unknown ones too.",
    )
    modality: Modality = Field(
        default="X-ray",
        description="Modality that is included: X-ray or CT, in any usual spelling.",
    )
    per_class: Literal["min", "all"] | AtLeastTwo | dict[Term, AtLeastTwo] = Field(
        default="min",
        description="Images a class: `min` is as many as the smallest class has, a number is at "
        "most that many (and no more than the smallest class has), `all` is every image; a "
        "mapping gives each class its maximum.",
    )
    match: (
        Annotated[list[Annotated[str, RecordedField(MATCHED)]], Unique, Field(min_length=1)] | None
    ) = Field(
        default=None,
        description="Recorded fields of text, such as `[view, sex, age_band]`, that have the same "
        "distribution in every class: of each combination of their values, every class keeps as "
        "many images as the class with the fewest has. Images without a value, and combinations "
        "that a class lacks, are excluded, and counted in the flow. Splits are drawn afterwards, "
        "so that within one of them distributions differ a little. Not with `per_class: all` or a "
        "mapping; a number is at most that many images a class. null: not matched.",
    )
    min_side: int = Field(
        default=64,
        ge=2,
        description="Least width and height of an image, pixels; smaller images are rejected.",
    )
    image_size: int = Field(
        default=128, ge=32, le=1024, description="Side of the cached square images, pixels."
    )
    square: Literal["crop", "stretch", "pad"] = Field(
        default="crop",
        description="How an image becomes square: its largest centred square, stretched, or padded "
        "with black. Only `crop` hides the aspect ratio from a network.",
    )
    chunks: int = Field(
        default=1,
        ge=1,
        le=1000,
        description="Jobs that all images are divided among to be decoded, checked and made "
        "canonical: one for every few thousand. The results are the same.",
    )
    text: Text | None = Field(
        default=None,
        description="Search for burned-in words and markers, which become recorded fields "
        "(`text_present`, `text_share`, `text_position`) and a baseline; null for none. It needs "
        "the package rapidocr.",
    )
    hide_text: bool = Field(
        default=False,
        description="Whether the words and markers that `text` finds are painted over with their "
        "surroundings before anything learns from the images.",
    )
    near_duplicates: NearDuplicates = Field(
        default_factory=NearDuplicates,
        description="When two images count as the same one.",
    )
    tags: Tags | None = Field(
        default=None,
        description="Labels besides the class; null for none. Networks are then trained with "
        "binary cross-entropy over the classes and the tags.",
    )
    splits: Splits = Field(default_factory=Splits, description="Shares of the splits.")

    @model_validator(mode="after")
    def _matched_classes_are_equal(self) -> "Cohort":
        if self.match and (self.per_class == "all" or isinstance(self.per_class, dict)):
            raise ValueError(
                "match draws as many images of every class; give per_class as a number, or leave "
                "it out"
            )
        return self

    @model_validator(mode="after")
    def _hidden_text_is_found(self) -> "Cohort":
        if self.hide_text and self.text is None:
            raise ValueError("hide_text paints over what text finds; give text, for example {}")
        return self
