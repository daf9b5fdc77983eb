"""The parameter grids of the clusterings."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from cxr.config.axes import axis
from cxr.config.base import Range, Section


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
        return axis(value, 2, whole=True)

    @field_validator("min_samples")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        return axis(value, 1, whole=True)


class Clustering(Section):
    """The grid of clusterings, and which of them are usable."""

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
        description="The grid of HDBSCAN, which needs no eps; null for none.",
    )
    choose: Literal["consensus", "dbcv", "balance"] = Field(
        default="consensus",
        description="Which usable clustering is the study's: the one with the highest consensus "
        "(mean of agreement with other perplexities and DBCV), the one with the highest DBCV, or "
        "the one with the best balance score, as in 2020, which prefers clusters of equal size.",
    )
    min_clusters: int = Field(
        default=2, ge=1, description="Least number of clusters of a usable clustering."
    )
    max_clusters: int = Field(
        default=8, ge=1, description="Greatest number of clusters of a usable clustering."
    )
    max_outliers: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Largest share of outliers of a clustering that votes, or is selected, by "
        "consensus.",
    )
    max_perplexity_share: float = Field(
        default=1 / 3,
        gt=0,
        le=1,
        description="Cells whose perplexity exceeds this share of the number of images are ranked "
        "but marked unreliable: t-SNE uses 3 x perplexity neighbours.",
    )

    @field_validator("eps")
    @classmethod
    def _radii(cls, value: Any) -> Any:
        return axis(value, 0, whole=False)

    @field_validator("min_samples")
    @classmethod
    def _counts(cls, value: Any) -> Any:
        return axis(value, 1, whole=True)

    @model_validator(mode="after")
    def _ordered(self) -> "Clustering":
        if self.min_clusters > self.max_clusters:
            raise ValueError(
                f"min_clusters ({self.min_clusters}) is greater than max_clusters "
                f"({self.max_clusters})"
            )
        return self
