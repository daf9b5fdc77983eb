"""How the networks are evaluated."""

from typing import Annotated

from pydantic import Field, field_validator

from cxr.config.base import Name, Published, Section, Unique, require_names


class Evaluation(Section):
    """How the networks are evaluated, besides the study's own test images."""

    folds: Annotated[int, Field(ge=2, le=50)] | None = Field(
        default=None,
        description="Folds of the patient-grouped cross-validation; each network is retrained for "
        "every fold, as a job of its own. Null for none.",
    )
    repeats: int = Field(
        default=1, ge=1, le=100, description="Repeats of the cross-validation, each with new folds."
    )
    random_split: bool = Field(
        default=True,
        description="Whether the networks are also trained and tested on an image-level split, as "
        "in studies of 2020, which measures the effect of patient leakage. With `folds`, as many "
        "image-level folds.",
    )
    leave_source_out: bool = Field(
        default=True,
        description="Whether the networks are also trained without one source and tested on it, "
        "for every source without which no class is empty.",
    )
    baselines: bool = Field(
        default=True,
        description="Whether the class is also predicted from shape, channels, format, thumbnail, "
        "border or lungs alone, on the same folds.",
    )
    representations: bool = Field(
        default=True,
        description="Whether networks, encoders, ImageNet and controls are compared by what their "
        "features know of the class, of recorded fields and of severity.",
    )
    external: Annotated[list[Name], Unique] = Field(
        default_factory=list,
        description="Sources for external validation alone: no cohort, training, operating "
        "threshold, calibration or selection sees them. Each network is measured on their images "
        "of the study's classes, whose `sources` do not count here; a class that a source lacks "
        "has no metrics there. Images of patients of the cohort, and exact or near duplicates of "
        "its images, are excluded and counted.",
    )
    same_patient_ids: bool = Field(
        default=False,
        description="Whether an id that a patient of an external source shares with one of the "
        "study's sources means one patient, as in two exports of one hospital. Else patients are "
        "recognised by the images that they have in common alone.",
    )
    published: Published | None = Field(
        default=None,
        description="An earlier study's metrics of tags: `accuracy_thresh` and `fbeta`.",
    )
    explained: int = Field(
        default=3,
        ge=1,
        le=12,
        description="Correct and incorrect test images of each class in the Grad-CAM panels.",
    )

    @field_validator("published")
    @classmethod
    def _of_tags(cls, value: Published | None) -> Published | None:
        return require_names(value, ("accuracy_thresh", "fbeta"))
