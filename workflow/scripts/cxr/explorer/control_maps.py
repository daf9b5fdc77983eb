"""The maps of the controls, packed for the page to stand beside a model's map."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.clustering.grid import standardise
from cxr.config.catalogue.controls import CONTROLS
from cxr.explorer.maps import align, match, pack_places
from cxr.explorer.packing import pack_counts


def pack_control_maps(clusters: pd.DataFrame, maps: pd.DataFrame) -> list[dict[str, Any]]:
    """The best map of each control's features, turned to lie like the model's.

    Parameters
    ----------
    clusters : DataFrame, n rows
        The model's chosen map with its clusters: `image_id, x, y, cluster`.
    maps : DataFrame
        `subject, image_id, x, y, cluster`, as evidence has them; of many images a sample.

    Returns
    -------
    list of dict
        Of each control its `name`, `words`, `images`, the rows of `clusters` that are on its
        map, and their packed coordinates `xy`, `extent` and `cluster`.
    """
    row_of = pd.Series(np.arange(len(clusters)), index=clusters["image_id"])
    reference = standardise(clusters[["x", "y"]].to_numpy())
    labels = clusters["cluster"].to_numpy()
    return [
        {
            "name": name,
            "words": entry.label,
            **_pack(maps[maps["subject"] == name], row_of, reference, labels),
        }
        for name, entry in CONTROLS.items()
        if (maps["subject"] == name).any()
    ]


def _pack(
    of_control: pd.DataFrame, row_of: pd.Series, reference: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    placed = of_control[of_control["image_id"].isin(row_of.index)]
    rows = row_of.loc[placed["image_id"]].to_numpy()
    there = reference[rows] - reference[rows].mean(axis=0)
    return {
        "images": pack_counts(rows),
        **pack_places(align(standardise(placed[["x", "y"]].to_numpy()), there)),
        "cluster": pack_counts(match(placed["cluster"].to_numpy(), labels[rows])),
    }
