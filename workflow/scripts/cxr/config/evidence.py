"""How the clusters are weighed."""

from typing import Annotated

from pydantic import Field, field_validator

from cxr.config.base import OneOf, Section, Seed
from cxr.config.catalogue.controls import CONTROLS
from cxr.config.catalogue.null_models import NULL_MODELS, PRIMARY


class Thresholds(Section):
    """The rules of the verdict."""

    alpha: float = Field(
        default=0.05,
        gt=0,
        lt=0.5,
        description="Error that is accepted in each test: of the null, of the separation, and as "
        "false discovery rate among the recorded fields.",
    )
    jaccard: float = Field(
        default=0.75,
        gt=0,
        lt=1,
        description="Mean Jaccard similarity, over the kinds of repetition, from which a cluster "
        "is stable (Hennig).",
    )
    effect: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Strength of association (bias-corrected Cramer's V, or correlation ratio) "
        "from which a field explains the clusters.",
    )
    min_images: int = Field(default=30, ge=10, description="Fewer images give no verdict.")
    min_patients: int = Field(default=20, ge=5, description="Fewer patients give no verdict.")


class Evidence(Section):
    """Null models, stability, associations, controls and the verdict."""

    perplexities: int = Field(
        default=10,
        ge=1,
        le=100,
        description="So many of the study's usable perplexities, evenly spaced, are searched in "
        "each replicate, and in the features themselves for the comparison.",
    )
    replicates: int = Field(
        default=199,
        ge=19,
        description="Draws from each null model; a multiple of 40 less 1 is best.",
    )
    nulls: list[Annotated[str, OneOf(NULL_MODELS)]] = Field(
        default=list(NULL_MODELS),
        min_length=1,
        description="Null models; the verdict rests on `gaussian` alone.",
    )
    controls: list[Annotated[str, OneOf(CONTROLS)]] = Field(
        default=list(CONTROLS),
        description="The same search on features of an untrained network, on 32 x 32 pixels after "
        "PCA, and on the pixels of the border alone.",
    )
    resamples: int = Field(
        default=50,
        ge=10,
        description="Bootstrap samples, subsamples and starts of the maps that stability is judged "
        "by, so many of each.",
    )
    training_seeds: list[Seed] = Field(
        default=[],
        description="The network is trained anew with each of these seeds, and searched.",
    )
    splits: int = Field(
        default=20, ge=5, description="Times that the patients are halved to test the separation."
    )
    permutations: int = Field(
        default=1999, ge=99, description="Permutations of whole patients in each test."
    )
    sample: int = Field(
        default=500,
        ge=50,
        le=2000,
        description="Images of which the search is repeated; of more, whole patients are drawn. "
        "Time grows with its square.",
    )
    thresholds: Thresholds = Field(
        default_factory=Thresholds, description="The rules of the verdict."
    )

    @field_validator("nulls")
    @classmethod
    def _primary(cls, value: list[str]) -> list[str]:
        if PRIMARY not in value:
            raise ValueError(f"{PRIMARY} is missing; the verdict rests on it")
        return value
