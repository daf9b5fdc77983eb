"""The search for similar images."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cxr.config.base import OneOf, Section
from cxr.config.catalogue.architectures import BACKBONES
from cxr.config.catalogue.controls import BASELINES
from cxr.config.catalogue.search import METRIC, NEIGHBOURS


class Severity(Section):
    """Thresholds of severity: healthy, infected or seriously infected."""

    infected: float = Field(
        default=1.0,
        gt=0,
        le=8,
        description="Extent (0 to 8) from which an image counts as infected; below it, and where "
        "the finding is `No finding`, as healthy.",
    )
    serious: float = Field(
        default=5.0,
        gt=0,
        le=8,
        description="Extent (0 to 8) from which an image counts as seriously infected.",
    )

    @model_validator(mode="after")
    def _ascending(self) -> "Severity":
        if self.serious <= self.infected:
            raise ValueError(
                f"serious ({self.serious:g}) must be greater than infected ({self.infected:g})"
            )
        return self


class Similarity(Section):
    """The most similar images of each image: precision, and severity estimated from them."""

    k: int = Field(
        default=NEIGHBOURS, ge=1, le=1000, description="Number of similar images of each image."
    )
    metric: Literal["cosine", "centred", "euclidean"] = Field(
        default=METRIC,
        description="Distance between features: by their angle, by their angle around the mean of "
        "all images (rectified features all lie on one side of 0), or Euclidean.",
    )
    own_patient: bool = Field(
        default=False,
        description="Whether images of the query's own patient are among its neighbours. Precision "
        "is reported both ways.",
    )
    space: Literal["trained", "backbone"] = Field(
        default="trained",
        description="Features that are searched: of the study's network, or of its backbone with "
        "ImageNet weights, as in 2020. Ignored with external features.",
    )
    backbone: Annotated[str, OneOf(BACKBONES)] | None = Field(
        default=None,
        description="The torchvision network whose ImageNet features, averaged over the image, are "
        "searched too; null for the model's architecture where its `weights` are `imagenet`.",
    )
    baselines: list[Annotated[str, OneOf(BASELINES)]] = Field(
        default=["pixels", "untrained", "imagenet"],
        description="Baseline features that are searched too: 32 x 32 pixels after PCA, of an "
        "untrained network, and of the backbone with ImageNet weights.",
    )
    folds: Annotated[int, Field(ge=2, le=10)] | None = Field(
        default=2,
        description="Patient-grouped folds; for each fold the network is retrained on the others, "
        "and the fold's images are searched among themselves. More folds train better and leave "
        "fewer images to find. Null for none.",
    )
    exact_up_to: int = Field(
        default=20_000, ge=1, description="Number of images up to which all distances are computed."
    )
    recall: float = Field(
        default=0.98,
        gt=0,
        le=1,
        description="Share of the true neighbours, measured on a sample, that an approximate "
        "search must find; it is widened until it does, and replaced by the exact search where it "
        "doesn't.",
    )
    severity: Severity = Field(
        default_factory=Severity,
        description="Thresholds of severity.",
    )
