"""How the most similar images are found, and what is asked of them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cxr.config.base import OneOf, Section
from cxr.config.catalogue.architectures import BACKBONES
from cxr.config.catalogue.controls import BASELINES


class Severity(Section):
    """What makes an image healthy, infected or seriously infected."""

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
    """The most similar images of each image, how well they serve, and severity by them."""

    k: int = Field(default=36, ge=1, le=1000, description="Similar images of each image.")
    metric: Literal["cosine", "centred", "euclidean"] = Field(
        default="cosine",
        description="Distance between features: by their angle, by their angle seen from the mean "
        "of all images (rectified features all lie on one side of 0), or Euclidean.",
    )
    own_patient: bool = Field(
        default=False,
        description="Whether images of the query's own patient are among its neighbours. How well "
        "neighbours serve is reported both ways.",
    )
    space: Literal["trained", "backbone"] = Field(
        default="trained",
        description="Where neighbours are looked for: the features of the study's network, or of "
        "its body with ImageNet weights, as in 2020. Features from a file are the space of theirs.",
    )
    backbone: Annotated[str, OneOf(BACKBONES)] | None = Field(
        default=None,
        description="The torchvision network whose ImageNet features, averaged over the image, are "
        "searched too; null for the network's own where its `weights` are `imagenet`.",
    )
    baselines: list[Annotated[str, OneOf(BASELINES)]] = Field(
        default=["pixels", "untrained", "imagenet"],
        description="The same search on 32 x 32 pixels after PCA, on features of an untrained "
        "network, and on those of the backbone.",
    )
    folds: Annotated[int, Field(ge=2, le=10)] | None = Field(
        default=2,
        description="The patients are divided into so many parts; for each part the network is "
        "trained anew on the others, and images are searched that it was not trained on. More "
        "parts train better and leave fewer images to be found. Null for none.",
    )
    exact_up_to: int = Field(
        default=20_000, ge=1, description="Up to so many images all distances are computed."
    )
    recall: float = Field(
        default=0.98,
        gt=0,
        le=1,
        description="Share of the true neighbours, measured on a sample, that an approximate "
        "search has to find; it looks further until it does, and is given up for the exact one "
        "where it doesn't.",
    )
    severity: Severity = Field(
        default_factory=Severity,
        description="What makes an image healthy, infected or seriously infected.",
    )
