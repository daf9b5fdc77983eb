"""The maps and the grid of clusterings."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from cxr.config.base import Once, Range, Section, Seed, Term, once


def _axis(value: Any, least: float, *, whole: bool) -> Any:
    """The list or range itself when its values can be an axis of the sweep."""
    values = value.values() if isinstance(value, Range) else value
    if not values:
        raise ValueError("the list is empty; name at least one value")
    if whole and any(number != int(number) for number in values):
        raise ValueError("values must be whole numbers")
    if min(values) < least or min(values) <= 0:
        raise ValueError(f"values must be {f'at least {least}' if least else 'greater than 0'}")
    once(values)
    return value


class Chunk(Section):
    """The maps of one job; a job should have half a minute of work or more.

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
        default=None, min_length=1, description="Images of these classes are mapped; null for all."
    )
    perplexities: Range | list[Annotated[float, Field(ge=1)]] = Field(
        default=Range(start=5, stop=50, step=5),
        description="Perplexities of the t-SNE sweep, a list or a range; those above n - 1 are "
        "left out and named in the log.",
    )
    seeds: Annotated[list[Seed], Once] = Field(
        default=[0], min_length=1, description="Seeds; every perplexity is run with each."
    )
    initialization: Literal["pca", "random"] = Field(
        default="pca", description="Start of t-SNE; `random` follows the seed."
    )
    gradient: Literal["auto", "exact", "barnes-hut", "fft"] = Field(
        default="auto",
        description="How the gradient of t-SNE is computed; `auto` is exact up to 2000 images, "
        "where that is also the fastest, `fft` from 10000 on, and `barnes-hut` between them.",
    )
    device: Literal["cpu", "gpu"] = Field(
        default="cpu",
        description="`gpu` computes all maps of a job at once with torch, exactly. It is a choice, "
        "not found out by itself, because sums in another order can lead to other maps.",
    )
    chunk: Chunk = Field(default_factory=Chunk, description="The maps of one job.")

    @field_validator("perplexities")
    @classmethod
    def _perplexities(cls, value: Any) -> Any:
        return _axis(value, 1, whole=False)

    @model_validator(mode="after")
    def _gpu_is_exact(self) -> "Embedding":
        if self.device == "gpu" and self.gradient in ("barnes-hut", "fft"):
            raise ValueError(
                f"device gpu computes the exact gradient, not {self.gradient}; "
                f"take `gradient: exact` or `device: cpu`"
            )
        return self


class Hdbscan(Section):
    """The grid of HDBSCAN cells."""

    min_cluster_size: Range | list[Annotated[int, Field(ge=2)]] = Field(
        default=[5, 10, 20], description="Points that make a cluster, a list or a range."
    )
    min_samples: Range | list[Annotated[int, Field(ge=1)]] = Field(
        default=[5, 10],
        description="Neighbours (the point itself does not count) of the core distance.",
    )

    @field_validator("min_cluster_size")
    @classmethod
    def _sizes(cls, value: Any) -> Any:
        return _axis(value, 2, whole=True)

    @field_validator("min_samples")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        return _axis(value, 1, whole=True)


class Clustering(Section):
    """The grid of clusterings and which of them qualify."""

    eps: Range | list[Annotated[float, Field(gt=0)]] = Field(
        default=Range(start=0.1, stop=1.9, step=0.1),
        description="Neighbourhood radii on axes of unit variance, a list or a range.",
    )
    min_samples: Range | list[Annotated[int, Field(ge=1)]] = Field(
        default=Range(start=5, stop=19, step=1),
        description="Neighbours (the point itself counts) that make a core point.",
    )
    hdbscan: Hdbscan | None = Field(
        default_factory=Hdbscan,
        description="HDBSCAN beside DBSCAN, which needs no eps; null for none.",
    )
    min_clusters: int = Field(default=3, ge=1, description="Fewest clusters that qualify.")
    max_clusters: int = Field(default=8, ge=1, description="Most clusters that qualify.")
    max_perplexity_share: float = Field(
        default=1 / 3,
        gt=0,
        le=1,
        description="Cells whose perplexity exceeds this share of the number of images are ranked "
        "but marked unreliable: t-SNE looks at 3 x perplexity neighbours.",
    )

    @field_validator("eps")
    @classmethod
    def _radii(cls, value: Any) -> Any:
        return _axis(value, 0, whole=False)

    @field_validator("min_samples")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        return _axis(value, 1, whole=True)

    @model_validator(mode="after")
    def _ordered(self) -> "Clustering":
        if self.min_clusters > self.max_clusters:
            raise ValueError(
                f"min_clusters ({self.min_clusters}) is greater than max_clusters "
                f"({self.max_clusters})"
            )
        return self
