"""Networks and how they are trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cxr.config.base import OneOf, Section
from cxr.config.catalogue.architectures import ARCHITECTURES

Side = Annotated[int, Field(ge=32, le=1024)]
Rate = Annotated[float, Field(gt=0, lt=1)]


class Phase(Section):
    """One phase of a training; it starts from the weights that the one before kept."""

    epochs: int = Field(ge=1, description="Greatest number of epochs.")
    image_size: Side | None = Field(
        default=None, description="Side of the network's input, pixels; null for the cache's."
    )
    frozen: bool = Field(
        default=False,
        description="Whether the backbone keeps its weights, so that only the dense layers learn.",
    )
    learning_rate: Rate | tuple[Rate, Rate] | Literal["find"] = Field(
        default=1e-3,
        description="Peak learning rate of AdamW; `[head, backbone]` for two rates; `find` for "
        "that of a learning-rate range test, whose curve is saved.",
    )
    schedule: Literal["one-cycle", "cosine", "plateau"] = Field(
        default="one-cycle",
        description="Schedule of the learning rate: up and down, down along a cosine, or divided "
        "by ten whenever the validation loss has not improved for 3 epochs.",
    )
    batch_size: int = Field(default=32, ge=2, description="Images per step.")
    weight_decay: float = Field(default=1e-2, ge=0, lt=1, description="Weight decay of AdamW.")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of each label that is spread over all classes."
    )
    mixup: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="Alpha of mixup, which trains on mixtures of two images; 0 for none.",
    )
    averaging: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay per step of the exponential moving average of the weights that is "
        "validated and kept in place of the weights themselves; 0 for none.",
    )
    class_weights: bool = Field(
        default=True, description="Whether the loss weights classes by their inverse frequency."
    )
    patience: int | None = Field(
        default=None,
        ge=1,
        description="Epochs without a better validation loss before the phase ends; null for all.",
    )
    keep: Literal["best", "last"] = Field(
        default="best",
        description="The weights that a phase keeps: those of its lowest validation loss, or of "
        "its last epoch.",
    )


class Augmentation(Section):
    """Random changes of the training images; 0 for none."""

    rotation: float = Field(
        default=7.0, ge=0, le=45, description="Greatest rotation to either side, degrees."
    )
    shift: float = Field(
        default=0.05,
        ge=0,
        le=0.5,
        description="Greatest shift in each direction, share of the side.",
    )
    scale: float = Field(default=0.08, ge=0, lt=1, description="Greatest change of scale.")
    brightness: float = Field(
        default=0.15, ge=0, le=1, description="Greatest change of brightness, share of the range."
    )
    contrast: float = Field(
        default=0.15, ge=0, lt=1, description="Greatest change of contrast, share."
    )
    noise: float = Field(
        default=0.0, ge=0, le=0.5, description="Greatest standard deviation of Gaussian noise."
    )
    erasing: float = Field(
        default=0.0, ge=0, le=1, description="Share of the images in which a rectangle is erased."
    )
    flip: bool = Field(
        default=False,
        description="Whether half of the images are mirrored, which moves the heart to the right.",
    )


class Training(Section):
    """How a model is trained: the phases of a recipe."""

    recipe: Literal["scratch", "transfer", "progressive", "staged"] | None = Field(
        default=None,
        description="Phases by name, see `config/recipes.yaml`; null for `transfer` where there "
        "are pre-trained weights, else `scratch`.",
    )
    phases: list[Phase] | None = Field(
        default=None, min_length=1, description="The phases themselves, in place of a recipe."
    )
    augmentation: Augmentation | None = Field(
        default_factory=Augmentation,
        description="Random changes of the training images; null for none.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        description="Precision of the computations in training; `auto` is bfloat16 where the "
        "processor supports it, with float32 weights.",
    )
    threads: int = Field(
        default=1,
        ge=1,
        description="Processor threads of one training. Another number rounds sums in another "
        "order and so gives other weights; several trainings run side by side in any case.",
    )
    deterministic: bool = Field(
        default=True,
        description="Whether a training on a GPU ends in the same bytes each time. `false` allows "
        "faster algorithms that add in any order, found by trial, and TF32: the weights, and what "
        "follows from them, then differ a little from run to run. Processors always repeat "
        "themselves.",
    )
    memory_mb: int = Field(
        default=2000,
        ge=0,
        description="Most memory for the images of one training, MB (10^6 bytes; an image takes "
        "its pixels), where a GPU has no room for them. More are read from the cache batch by "
        "batch, with the same weights; 0 always reads them.",
    )
    compile: bool = Field(
        default=False,
        description="Whether torch.compile is used: a minute at the start, for long trainings on a "
        "GPU.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> "Training":
        if self.recipe is not None and self.phases is not None:
            raise ValueError("both recipe and phases are given; leave one of them out")
        return self


class Model(Section):
    """A network and its training."""

    architecture: Annotated[str, OneOf(ARCHITECTURES)] = Field(description="Its backbone.")
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
    def _weights_exist_for(self) -> "Model":
        if self.weights == "imagenet" and not ARCHITECTURES[self.architecture].imagenet:
            raise ValueError(
                f"{self.architecture} has no imagenet weights; use `weights: none` or a path"
            )
        if self.weights == "none" and self.training.recipe not in (None, "scratch"):
            raise ValueError(
                f"training.recipe {self.training.recipe} freezes a backbone without weights; give "
                f"weights or use `recipe: scratch`"
            )
        return self
