"""Features that were computed elsewhere."""

from pydantic import Field

from cxr.config.base import Name, Section


class Features(Section):
    """A table of features; the stages before the maps are then left out."""

    from_file: str = Field(
        min_length=1,
        description="Parquet file: `image_id`, the features (columns of floats, or one column of "
        "lists), and as far as they are known `class`, `patient_id`, `country` and other columns "
        "of `metadata.parquet`.",
    )
    name: Name = Field(default="external", description="What the features are called in results/.")
