"""The recorded fields of the images on a map, packed for the page."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.evaluation.predictions import confidences
from cxr.evidence.covariates import field_name, recorded_fields
from cxr.explorer.packing import pack_levels, pack_numbers, pack_texts, text_levels
from cxr.explorer.totals import number_range, pack_field_totals

ORDERED = ("age_band", "month")
FIRST = ("class", "country", "view", "sex", "age_band", "doi", "source", "split")


def fields_of(
    clusters: pd.DataFrame,
    cohort: pd.DataFrame,
    metadata: pd.DataFrame,
    predictions: pd.DataFrame | None = None,
    intensity: pd.Series | None = None,
) -> pd.DataFrame:
    """The fields of each image of a map, one column each, null where not recorded.

    Parameters
    ----------
    clusters : DataFrame, n rows
        `image_id`.
    cohort : DataFrame
        `image_id, class, split`.
    metadata : DataFrame
        The shared schema.
    predictions : DataFrame, optional
        `image_id, predicted` and a column `probability_<class>` of each class.
    intensity : Series, optional
        Mean of the canonical pixels, by image_id.

    Returns
    -------
    DataFrame, n rows
        Indexed by image_id; fields that no image has are left out.
    """
    ids = clusters["image_id"]
    rows = cohort.set_index("image_id").loc[ids]
    table = recorded_fields(metadata, rows.reset_index(), intensity)
    if "class" in rows:
        table.insert(0, "class", rows["class"])
    if predictions is not None:
        of_images = predictions.set_index("image_id").reindex(ids)
        table["predicted"] = of_images["predicted"]
        table["probability"] = confidences(of_images)
    names = [*[n for n in FIRST if n in table], *[n for n in table if n not in FIRST]]
    return table[[name for name in names if table[name].notna().any()]]


def pack_fields(fields: pd.DataFrame, rows: np.ndarray | None = None) -> list[dict[str, Any]]:
    """The fields of the images, packed.

    Parameters
    ----------
    fields : DataFrame
        As from `fields_of`.
    rows : int array, optional
        Those that the page shows, where it does not show all.

    Returns
    -------
    list of dict
        `name`, its `words`, and the packed column: of texts with `levels`, of
        numbers without. With `rows` the column has these, levels are those of all images,
        `range` is the least and greatest number of all, and `totals` the images of each level,
        or step of a number.
    """
    return [
        {"name": name, "words": field_name(name), **_pack(fields[name], name, rows)}
        for name in fields
    ]


def _pack(values: pd.Series, name: str, rows: np.ndarray | None) -> dict[str, Any]:
    if pd.api.types.is_float_dtype(values):
        if rows is None:
            return pack_numbers(values)
        totals = {"range": number_range(values), "totals": pack_field_totals(values, None)}
        return {**pack_numbers(values.iloc[rows]), **totals}
    if rows is None:
        return pack_texts(values, ordered=name in ORDERED)
    texts, levels = text_levels(values, ordered=name in ORDERED)
    packed = pack_levels(texts.iloc[rows], levels)
    return {**packed, "totals": pack_field_totals(texts, levels)}
