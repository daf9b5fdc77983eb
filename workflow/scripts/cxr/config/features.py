"""External features."""

from pydantic import Field

from cxr.config.base import Name, Section, Term
from cxr.config.fields import OwnName


class Features(Section):
    """A table of external features; the stages before the maps are then left out."""

    from_file: str = Field(
        min_length=1,
        description="Parquet file: `image_id`, the features (columns of floats, or one column of "
        "lists), and optionally `class`, `patient_id`, `country` and other columns of "
        "`metadata.parquet`.",
    )
    name: Name = Field(default="external", description="Name of the features in results/.")
    fields: dict[OwnName, Term] = Field(
        default_factory=dict,
        description="The table's column of each field of your own, such as `scanner` or `ward`: "
        "text or numbers, which are then no features.",
    )
