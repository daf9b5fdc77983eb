"""Filters, balance, splits and the pixel cache."""

from typing import Annotated, Literal

from pydantic import Field

from cxr.config.base import Name, OneOf, Section, Term, Unique
from cxr.config.catalogue.fields import TEXTS

AtLeastTwo = Annotated[int, Field(ge=2)]


class CohortClass(Section):
    """Which images make up a class."""

    findings: list[Term] = Field(
        min_length=1, description="An image with any of these finding terms belongs to the class."
    )
    without: list[Term] = Field(
        default_factory=list,
        description="An image with any of these finding terms does not belong to the class.",
    )
    first: list[Term] = Field(
        default_factory=list,
        description="Images with any of these finding terms are drawn before the others, where "
        "the class has more images than are drawn.",
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
    """When two images count as the same one: they are flagged and stay in one split."""

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
    exclude_contradictions: bool = Field(
        default=False,
        description="Both of two near duplicates with different classes leave before classes are "
        "balanced. Small or smooth images of two people may be alike enough to leave too.",
    )


class Tags(Section):
    """Labels besides the class, of which an image has any number; networks learn all at once."""

    fields: Annotated[list[Annotated[str, OneOf(TEXTS)]], Unique] = Field(
        default=["severity", "location"],
        min_length=1,
        description="Recorded fields whose values are tags.",
    )
    min_patients: int = Field(
        default=3,
        ge=2,
        description="Patients that a tag needs; rarer values of a field become its `other`, and "
        "none where even these are too few.",
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
    per_class: Literal["min", "all"] | AtLeastTwo | dict[Term, AtLeastTwo] = Field(
        default="min",
        description="Images a class: `min` takes as many as the smallest class has, a number at "
        "most that many (and no more than the smallest class has), `all` takes every image; a "
        "mapping gives each class a most of its own, as far as it has images.",
    )
    min_side: int = Field(
        default=64, ge=2, description="Smallest usable image side, pixels; smaller is rejected."
    )
    image_size: int = Field(
        default=128, ge=32, le=1024, description="Side of the square cached images, pixels."
    )
    square: Literal["crop", "stretch", "pad"] = Field(
        default="crop",
        description="How an image becomes square: its largest centred square, squashed, or padded "
        "with black. `crop` is the only one that hides the aspect ratio from a network.",
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
