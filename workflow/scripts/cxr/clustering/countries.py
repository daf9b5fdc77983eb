"""The countries of the images in each cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

OUTLIER = -1


def count_countries(clusters: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """How many images of each country each cluster holds.

    Parameters
    ----------
    clusters : DataFrame
        `image_id`, `cluster`.
    metadata : DataFrame
        `image_id`, `country`, null where it is not recorded.

    Returns
    -------
    DataFrame
        A row a cluster (-1, the outliers, last), a column a country in
        alphabetical order, and `unknown` last.
    """
    import pandas as pd

    joined = clusters.merge(metadata[["image_id", "country"]], on="image_id", how="left")
    country = joined["country"].astype("object")
    country = country.where(country.notna(), None)
    recorded = sorted(country.dropna().unique())
    counts = pd.crosstab(joined["cluster"], country.fillna("unknown"))
    counts = counts.reindex(columns=[*recorded, "unknown"], fill_value=0)
    order = sorted(counts.index, key=lambda cluster: (cluster == OUTLIER, cluster))
    counts = counts.reindex(order).rename_axis(index="cluster", columns=None)
    return counts.reset_index()
