"""Whether t-SNE invents or blurs clusters: those of the maps beside those of the features."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.clustering.agreement import core_and_outliers
from cxr.config.catalogue.null_models import PRIMARY
from cxr.evidence.feature_clusters import STATISTIC, FeatureClusters
from cxr.evidence.verdict import SAME_CLUSTERS, format_p

SHOWN = "t-SNE shows what the features hold"
OTHER = "t-SNE shows other clusters than the features hold"
BLURRED = "t-SNE blurs clusters that the features hold"
SHARPENED = "t-SNE sharpens clusters that the features show too, but not beyond chance"
UNSEEN = "t-SNE shows clusters that HDBSCAN does not find in the features"
NEITHER = "neither the features nor their maps hold clusters beyond chance"


def compare_feature_clusters(
    found: Sequence[FeatureClusters],
    clusters: Sequence[np.ndarray],
    simulations: pd.DataFrame,
    p_of_maps: float,
    alpha: float,
) -> dict[str, Any]:
    """The clusters of the features themselves, against null simulations and those of the maps.

    Of several samples each number is the median over them, in each simulation too.

    Parameters
    ----------
    found : sequence of FeatureClusters
        One of each sample.
    clusters : sequence of int array, shape (n,)
        The study's clusters of the same images.
    simulations : DataFrame
        As in `cxr.evidence.null_search.SIMULATIONS`, of the features.
    p_of_maps : float
        The p-value that decides on the study's clusters.
    alpha : float
        From which a p-value is consistent with chance.

    Returns
    -------
    dict
        `components`, `n_clusters`, `n_outliers`, `dbcv`; `nulls`, for each null model the
        `replicates`, the `median`, how many `reached` the DBCV, and `p`; `p` of the primary
        one; `adjusted_rand` with the study's clusters on the images that both cluster, and
        the Jaccard index of the `outliers`, null where the features have no clusters;
        `answer` and `sentence`.
    """
    observed = float(np.median([each.dbcv for each in found]))
    n_clusters = int(np.median([each.n_clusters for each in found]))
    nulls = {null: _against(observed, rows) for null, rows in simulations.groupby("null")}
    pairs = [
        core_and_outliers(labels.astype(np.int64), each.labels.astype(np.int64))
        for each, labels in zip(found, clusters, strict=True)
        if each.n_clusters
    ]
    exists = n_clusters > 0
    same, outliers = np.median(pairs, axis=0).tolist() if exists else (None, None)
    result = {
        "components": int(np.median([each.components for each in found])),
        "n_clusters": n_clusters,
        "n_outliers": int(np.median([(each.labels < 0).sum() for each in found])),
        "dbcv": observed if exists else None,
        "p": nulls[PRIMARY]["p"],
        "nulls": nulls,
        "adjusted_rand": same,
        "outliers": outliers,
    }
    answer = _answer(result["p"] <= alpha, p_of_maps <= alpha, same)
    return {**result, "answer": answer, "sentence": _sentence(result, answer)}


def _against(observed: float, simulations: pd.DataFrame) -> dict[str, Any]:
    values = simulations.groupby("replicate")[STATISTIC].median()
    reached, median = int((values >= observed).sum()), float(values.median())
    return {
        "replicates": len(values),
        "median": median if np.isfinite(median) else None,
        "reached": reached,
        "p": (1 + reached) / (1 + len(values)),
    }


def _answer(in_features: bool, in_maps: bool, adjusted_rand: float | None) -> str:
    """What t-SNE does to the clusters of the features, from where they are beyond chance."""
    same = adjusted_rand is not None and adjusted_rand >= SAME_CLUSTERS
    if in_features and in_maps:
        return SHOWN if same else OTHER
    if in_maps:
        return SHARPENED if same else UNSEEN
    return BLURRED if in_features else NEITHER


def _sentence(result: dict[str, Any], answer: str) -> str:
    where = f"In {result['components']} principal components of the features HDBSCAN finds"
    if result["dbcv"] is None:
        return f"{where} no usable clustering: {answer}."
    null = result["nulls"][PRIMARY]
    return (
        f"{where} {result['n_clusters']} clusters with a DBCV of {result['dbcv']:.2f}, reached in "
        f"{null['reached']} of {null['replicates']} null simulations (p {format_p(null['p'])}); on "
        f"the images that both cluster their adjusted Rand index with the study's clusters is "
        f"{result['adjusted_rand']:.2f}: {answer}."
    )
