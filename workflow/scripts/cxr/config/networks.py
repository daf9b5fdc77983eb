"""Networks and how they are trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cxr.config.base import Section

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
