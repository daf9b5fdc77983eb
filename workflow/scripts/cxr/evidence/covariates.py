"""The recorded fields of each image, which clusters are compared with."""

import numpy as np
import pandas as pd

from cxr.images.rows import each
from cxr.metadata.ages import age_bands
from cxr.metadata.fields import own_groups, own_numbers

TEXTS = (
    "country",
    "view",
    "sex",
    "doi",
    "source",
    "location",
    "licence",
    "survival",
    "icu",
    "intubated",
    "severity",
    "format",
)
NUMBERS = ("offset_days", "severity_extent", "severity_opacity", "width", "height")
NAMES = {
    "age_band": "age",
    "doi": "publication",
    "format": "file format",
    "icu": "intensive care",
    "leukocyte_count": "leukocyte count",
    "lymphocyte_count": "lymphocyte count",
    "month": "date",
    "needed_supplemental_o2": "supplemental oxygen",
    "neutrophil_count": "neutrophil count",
    "offset_days": "days since onset",
    "po2_saturation": "oxygen saturation",
    "age_years": "age",
    "severity_extent": "extent of the disease",
    "severity_opacity": "opacity of the lungs",
    "split": "data split",
    "text_position": "position of burned-in text",
    "text_present": "burned-in text",
    "text_share": "share of burned-in text",
    "text_words": "burned-in words",
    "width": "image width",
    "height": "image height",
    "intensity": "mean intensity",
    "licence": "licence",
    "predicted": "predicted class",
    "probability": "probability of the predicted class",
}


def field_name(field: str) -> str:
    """The name of a field for readers."""
    return NAMES.get(field, field)


def recorded_fields(
    metadata: pd.DataFrame, cohort: pd.DataFrame, intensity: pd.Series | None = None
) -> pd.DataFrame:
    """The fields of each image of the cohort, one column each, null where not recorded.

    Parameters
    ----------
    metadata : DataFrame
        The shared schema, of which columns may be missing, and own fields.
    cohort : DataFrame, n rows
        `image_id, split`.
    intensity : Series, optional
        Mean of the canonical pixels, by image_id.

    Returns
    -------
    DataFrame, n rows
        Indexed by image_id: `country`, `view`, `sex`, `age_band` (of 20 years),
        `doi` (the publication), `source`, `location`, `licence`, `survival`, `icu`,
        `intubated`, `severity`, `format`, `month`, `split`, and the numbers
        `offset_days`, `severity_extent`, `severity_opacity`, `width`, `height`,
        `intensity`, and the study's own numbers and texts, less those that are taken for
        ids. Fields that are nowhere recorded are left out.
    """
    rows = metadata.set_index("image_id").reindex(cohort["image_id"])
    table = pd.DataFrame(index=rows.index)
    for name in TEXTS:
        if name in rows:
            table[name] = rows[name].astype("object")
    if "age_years" in rows:
        table["age_band"] = age_bands(rows["age_years"])
    if "date" in rows:
        dates = rows["date"].astype("str")
        table["month"] = dates.str.slice(0, 7).where(rows["date"].notna() & (dates.str.len() > 4))
    if "split" in cohort and len(set(cohort["split"])) > 1:
        table["split"] = cohort["split"].to_numpy(dtype=object)
    for name in NUMBERS:
        if name in rows:
            table[name] = rows[name].astype("float64")
    numbers = own_numbers(rows)
    for name in sorted([*numbers, *own_groups(rows)]):
        table[name] = rows[name].astype("float64" if name in numbers else "object")
    if intensity is not None:
        table["intensity"] = intensity.reindex(table.index).astype("float64")
    texts = table.select_dtypes(exclude="number").columns
    table[texts] = table[texts].astype("object").where(table[texts].notna(), None)
    return table.loc[:, table.notna().any()]


def mean_intensity(cohort: pd.DataFrame, images: np.ndarray) -> pd.Series:
    """The mean grey value, 0 to 255, of each image of the cohort, by image_id."""
    means = [float(image.mean()) for image in each(images)]
    return pd.Series(means, index=cohort["image_id"].to_numpy(), dtype="float64")
