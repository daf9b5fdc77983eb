"""Whether the clusters survive without what a recorded field explains.

Levels of the field are harmonised by ComBat and the search runs again. This
answers a question about the clusters; no other result uses harmonised features.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.evidence.combat import harmonise
from cxr.evidence.sample import Sample
from cxr.evidence.search import SearchGrid, search
from cxr.evidence.thresholds import Thresholds
from cxr.evidence.verdict import SAME_CLUSTERS
from cxr.statistics.association import MISSING_AS_LEVEL, level_names

# Of the fields that explain the clusters so many, the strongest, are taken out.
STRONGEST = 3
ALWAYS = "source"


def fields_to_remove(
    associations: pd.DataFrame, within: str | None, thresholds: Thresholds
) -> list[str]:
    """The strongest fields that explain the clusters, the source, and the config's own field.

    Parameters
    ----------
    associations : DataFrame
        As from `cxr.statistics.association.association_table`.
    within : str or None
        The config's `evidence.within`.
    thresholds : Thresholds
    """
    rows = associations.loc[associations["missing"] == MISSING_AS_LEVEL]
    explaining = rows.loc[(rows["q"] <= thresholds.alpha) & (rows["effect"] >= thresholds.effect)]
    strongest = explaining.sort_values("ami", ascending=False, kind="stable")["field"]
    names = [*strongest.head(STRONGEST), ALWAYS, *([] if within is None else [within])]
    return list(dict.fromkeys(str(name) for name in names))


def search_without(
    sample: Sample,
    fields: pd.DataFrame,
    names: Sequence[str],
    grid: SearchGrid,
    clusters: np.ndarray,
    searched: np.ndarray,
) -> list[dict[str, Any]]:
    """The search on features of which each of some fields is taken out, one at a time.

    Parameters
    ----------
    sample : Sample, n images
    fields : DataFrame, n rows
    names : sequence of str
        Those that are not recorded, or have one level, are left out. Missing is
        a level; numbers are in fifths.
    grid : SearchGrid
    clusters : int array, shape (n,)
        The study's.
    searched : int array, shape (n,)
        Those of the search on the features as they are.

    Returns
    -------
    list of dict
        `field`, its number of `levels`, `n_clusters` (0 without a usable cell), and the
        adjusted Rand index with the study's clusters of those found (`adjusted_rand`)
        and of those found in the features as they are (`adjusted_rand_before`).
        `survives`: whether the first is at least 0.5, null where the second is not.
    """
    from sklearn.metrics import adjusted_rand_score

    before = float(adjusted_rand_score(clusters, searched))
    rows = []
    for name in names:
        levels = level_names(fields[name]) if name in fields else np.array([], np.str_)
        if len(np.unique(levels)) < 2:
            continue
        result = search(harmonise(sample.features, levels), grid, with_statistics=False)
        after = float(adjusted_rand_score(clusters, result.labels))
        rows.append(
            {
                "field": name,
                "levels": len(np.unique(levels)),
                "n_clusters": result.n_clusters,
                "adjusted_rand": after,
                "adjusted_rand_before": before,
                "survives": after >= SAME_CLUSTERS if before >= SAME_CLUSTERS else None,
            }
        )
    return rows
