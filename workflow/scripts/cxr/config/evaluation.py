"""How the networks are measured."""

from typing import Annotated

from pydantic import Field, field_validator

from cxr.config.base import Published, Section, require_names


class Evaluation(Section):
    """How the networks are measured, besides the study's own test images."""

    folds: Annotated[int, Field(ge=2, le=50)] | None = Field(
        default=None,
        description="Folds of a cross-validation in which no patient is in two folds; every fold "
        "trains each network anew, as a job of its own. Null for none.",
    )
    repeats: int = Field(
        default=1, ge=1, le=100, description="Times that the folds are drawn, each time anew."
    )
    random_split: bool = Field(
        default=True,
        description="The same networks once more with images drawn at random, patients divided, "
        "as the studies of 2020 did: what that leak is worth. With folds as many random folds.",
    )
    leave_source_out: bool = Field(
        default=True,
        description="The same networks trained without one source and measured on it, for every "
        "source without which no class is empty.",
    )
    baselines: bool = Field(
        default=True,
        description="What shape, channels, format, thumbnails, borders and lungs alone tell of "
        "the classes, on the same folds.",
    )
    published: Published | None = Field(
        default=None,
        description="An earlier study's metrics of tags: `accuracy_thresh` and `fbeta`.",
    )
    explained: int = Field(
        default=3,
        ge=1,
        le=12,
        description="Right and wrong test images of each class in the Grad-CAM panels.",
    )

    @field_validator("published")
    @classmethod
    def _of_tags(cls, value: Published | None) -> Published | None:
        return require_names(value, ("accuracy_thresh", "fbeta"))
