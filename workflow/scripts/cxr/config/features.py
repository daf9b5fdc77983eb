"""External features."""

from pydantic import Field

from cxr.config.base import Location, Name, Section, Term
from cxr.config.fields import OwnName


class Features(Section):
    """A table of external features; the stages before the maps are then left out."""

    from_file: Location = Field(
        description="Table: Parquet, CSV or XLSX, with `image_id`, the features, and optionally "
        "`class`, `patient_id`, `country` and other columns of `metadata.parquet`.",
    )
    columns: list[Term] | Term | None = Field(
        default=None,
        description="The columns that are features: their names, the one column of lists, or one "
        "pattern such as `f*` or `f[0-9]+`. null: the one column of lists; else the columns whose "
        "names differ in their number alone (`f0`, `f1`, ...), the most of them; else all columns "
        "of floats.",
    )
    name: Name = Field(default="external", description="Name of the features in results/.")
    fields: dict[OwnName, Term] = Field(
        default_factory=dict,
        description="The table's column of each field of your own, such as `scanner` or `ward`: "
        "text or numbers, which are then no features. Columns that are nothing else are fields of "
        "your own under their names, but for those named as what may name a person.",
    )
