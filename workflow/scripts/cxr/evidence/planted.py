"""The clusters of synthetic images against the groups that were planted in them."""

from typing import Any

import pandas as pd


def compare_with_planted(clusters: pd.Series, planted: pd.Series) -> dict[str, Any] | None:
    """How well clusters are the groups that were planted in synthetic images, or None.

    Returns
    -------
    dict or None
        `groups` and their `images`; `adjusted_rand`, outliers as one cluster, null with one
        group. None where no image is synthetic.
    """
    from sklearn.metrics import adjusted_rand_score

    groups = planted.reindex(clusters.index).dropna()
    if groups.empty:
        return None
    count = len(groups.unique())
    shared = float(adjusted_rand_score(groups, clusters[groups.index])) if count > 1 else None
    return {"groups": count, "images": len(groups), "adjusted_rand": shared}
