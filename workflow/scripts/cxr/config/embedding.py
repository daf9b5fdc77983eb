"""The t-SNE maps."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from cxr.config.axes import axis
from cxr.config.base import Range, Section, Seed, Term, Unique


class Chunk(Section):
    """The maps of one job; a job should last half a minute or more.

    A map takes 0.02 s at 200 images, half a second at 1,000, 20 s at 6,000.
    """

    perplexities: int = Field(
        default=100,
        ge=1,
        description="Perplexities of one job: 1 to this number, the next as many, and so on.",
    )
    seeds: int = Field(
        default=5,
        ge=1,
        description="Seeds of one job: 0 to this number less 1, the next as many, and so on.",
    )


class Embedding(Section):
    """The two-dimensional maps."""

    classes: list[Term] | None = Field(
        default=None, min_length=1, description="Classes whose images are mapped; null for all."
    )
    perplexities: Range | list[Annotated[float, Field(ge=1)]] = Field(
        default=Range(start=5, stop=50, step=5),
        description="Perplexities of the t-SNE sweep, a list or a range; those above n - 1 are "
        "left out and named in the log.",
    )
    seeds: Annotated[list[Seed], Unique] = Field(
        default=[0], min_length=1, description="Seeds; every perplexity is run with each."
    )
    initialization: Literal["pca", "random"] = Field(
        default="pca", description="Start of t-SNE; `random` follows the seed."
    )
    gradient: Literal["auto", "exact", "barnes-hut", "fft", "infotsne"] = Field(
        default="auto",
        description="How the gradient of t-SNE is computed; `auto` is exact up to 2000 images, "
        "where that is also the fastest, `fft` from 10000 on, and `barnes-hut` between. `infotsne` "
        "is another method, InfoNC-t-SNE by the package torchdr, for more images than fit a GPU.",
    )
    device: Literal["cpu", "gpu"] = Field(
        default="cpu",
        description="`gpu` computes all maps of a job at once on a GPU with CUDA, with the exact "
        "gradient (or `infotsne`), those of the evidence's searches too. Without a usable one the "
        "log says why, and the CPU computes. It is never selected automatically, because sums in "
        "another order can give other maps.",
    )
    exact_up_to: int = Field(
        default=300_000,
        ge=1,
        description="Number of images up to which all distances are computed to find neighbours. "
        "Of more a graph finds them if it finds 98% of the true neighbours of a sample, which the "
        "page states; else all distances are computed.",
    )
    chunk: Chunk = Field(default_factory=Chunk, description="The maps of one job.")

    @field_validator("perplexities")
    @classmethod
    def _perplexities(cls, value: Any) -> Any:
        return axis(value, 1, whole=False)

    @model_validator(mode="after")
    def _gpu_is_exact(self) -> "Embedding":
        if self.device == "gpu" and self.gradient in ("barnes-hut", "fft"):
            raise ValueError(
                f"device gpu computes the exact gradient or infotsne, not {self.gradient}; "
                f"use `gradient: exact`, `gradient: infotsne` or `device: cpu`"
            )
        return self
