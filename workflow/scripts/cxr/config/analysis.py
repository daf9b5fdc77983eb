"""The analysis of the metadata alone."""

from typing import Annotated

from pydantic import Field, field_validator

from cxr.config.base import Published, Section, Unique, require_names
from cxr.config.catalogue.classifiers import CLASSIFIERS
from cxr.config.catalogue.fields import NUMBERS, TEXTS
from cxr.config.fields import RecordedField

Text = Annotated[str, RecordedField(TEXTS)]
Predictor = Annotated[str, RecordedField((*TEXTS, *NUMBERS))]


class Analysis(Section):
    """An analysis of the metadata alone: description, and classifiers that predict a field."""

    target: Text = Field(default="severity", description="The field that is predicted.")
    predictors: Annotated[list[Predictor], Unique] = Field(
        default=["location", "age_years", "sex"],
        min_length=1,
        description="The fields that it is predicted from.",
    )
    min_patients: int = Field(
        default=2,
        ge=2,
        description="Patients with a value of the target, from which it is predicted.",
    )
    folds: int = Field(
        default=5, ge=2, le=50, description="Folds of the patient-grouped cross-validation."
    )
    repeats: int = Field(
        default=3, ge=1, le=100, description="Repeats of the cross-validation, each with new folds."
    )
    permutations: int = Field(
        default=199, ge=19, description="Permutations of whole patients in each test."
    )
    published: Published | None = Field(
        default=None, description="An earlier study's accuracies, by classifier."
    )

    @field_validator("published")
    @classmethod
    def _of_classifiers(cls, value: Published | None) -> Published | None:
        return require_names(value, CLASSIFIERS)
