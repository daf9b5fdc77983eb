"""How the clusters are assessed."""

import math
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from cxr.config.base import OneOf, Section, Seed
from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.fields import LEVELS
from cxr.config.catalogue.null_models import NULL_MODELS, PRIMARY
from cxr.config.fields import RecordedField


def fewest_simulations(alpha: float) -> int:
    """The fewest simulations whose smallest p-value is at most `alpha`."""
    return math.ceil(1 / alpha - 1e-9) - 1


class Thresholds(Section):
    """The thresholds of the verdict."""

    alpha: float = Field(
        default=0.05,
        gt=0,
        lt=0.5,
        description="Significance level of the test against the null model and of the tests that "
        "clusters are apart, and false discovery rate among the recorded fields.",
    )
    jaccard: float = Field(
        default=0.75,
        gt=0,
        lt=1,
        description="Mean Jaccard similarity, over the kinds of repetition, from which a cluster "
        "is stable (Hennig, 2007).",
    )
    effect: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Effect size (bias-corrected Cramer's V, or correlation ratio) from which a "
        "field explains the clusters.",
    )
    min_images: int = Field(default=30, ge=10, description="With fewer images there is no verdict.")
    min_patients: int = Field(
        default=20, ge=5, description="With fewer patients there is no verdict."
    )


class Evidence(Section):
    """Null models, stability, associations, controls and the verdict."""

    perplexities: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Number of perplexities, evenly spaced among the usable ones of the study, "
        "that are searched in each null simulation and in the features themselves.",
    )
    replicates: int = Field(
        default=199,
        ge=19,
        description="Simulations of each null model; a multiple of 20 less 1 is best. The smallest "
        "p-value is 1 / (1 + this number), which `thresholds.alpha` must allow.",
    )
    nulls: list[Annotated[str, OneOf(NULL_MODELS)]] = Field(
        default=list(NULL_MODELS),
        min_length=1,
        description="Null models; the verdict rests on `gaussian` alone.",
    )
    within: Annotated[str, RecordedField(LEVELS)] | None = Field(
        default=None,
        description="A field within whose levels null models are fitted and drawn, such as "
        "`source`: clusters that differences between its levels make are then in the simulations. "
        "Levels of fewer than 10 images or 5 patients are pooled, missing is a level, a number's "
        "levels are its fifths. null: no field.",
    )
    controls: list[Annotated[str, OneOf(CONTROLS)]] = Field(
        default=list(CONTROLS),
        description="Control features that the same search is run on: of an untrained network, 32 "
        "x 32 pixels after PCA, the border alone, and the network's features of images whose lungs "
        "are painted over (of radiographs alone).",
    )
    resamples: int = Field(
        default=50,
        ge=10,
        description="Number of bootstrap samples, of subsamples and of random initialisations of "
        "the maps in the assessment of stability.",
    )
    training_seeds: list[Seed] = Field(
        default=[],
        description="Seeds with which the network is retrained for the assessment of stability.",
    )
    splits: int = Field(
        default=20, ge=5, description="Random halvings of the patients in the separation test."
    )
    permutations: int = Field(
        default=1999, ge=99, description="Permutations of whole patients in each test."
    )
    sample: int = Field(
        default=500,
        ge=50,
        le=2000,
        description="Most images in a search; of more, samples of whole patients are drawn. "
        "Time grows with its square.",
    )
    samples: int = Field(
        default=3,
        ge=1,
        le=20,
        description="Samples that are drawn where there are more images than `evidence.sample`; "
        "the significance test takes the median over them.",
    )
    thresholds: Thresholds = Field(
        default_factory=Thresholds, description="The thresholds of the verdict."
    )

    @field_validator("nulls")
    @classmethod
    def _primary(cls, value: list[str]) -> list[str]:
        if PRIMARY not in value:
            raise ValueError(f"{PRIMARY} is missing; the verdict rests on it")
        return value

    @model_validator(mode="after")
    def _some_data_could_pass(self) -> "Evidence":
        alpha = self.thresholds.alpha
        needed = fewest_simulations(alpha)
        for key in ("replicates", "permutations"):
            count = getattr(self, key)
            if count < needed:
                raise ValueError(
                    f"{key} of {count} can't give a p-value of {alpha:g} (thresholds.alpha) or "
                    f"less, whatever the data; {needed} is the least number that can"
                )
        return self
