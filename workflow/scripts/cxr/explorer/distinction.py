"""What distinguishes each cluster from the others, in words."""

from typing import Any

import numpy as np
import pandas as pd

from cxr.evidence.covariates import field_name
from cxr.evidence.verdict import format_p

MOST_FIELDS = 3
# A field says nothing of a cluster where it is recorded of fewer images, there or elsewhere.
MIN_RECORDED = 10
MEASURES = {"cramers_v": "Cramér's V", "correlation_ratio": "correlation ratio"}
MAX_LENGTH = 60


def distinguishing_fields(
    labels: np.ndarray, fields: pd.DataFrame, associations: pd.DataFrame, alpha: float
) -> list[list[dict[str, Any]]]:
    """The fields in which each cluster differs most from all other images.

    Parameters
    ----------
    labels : int array, shape (n,)
        -1 for outliers, which are among the others.
    fields : DataFrame, n rows
        Texts and numbers, null where not recorded.
    associations : DataFrame
        As `cxr.statistics.association.association_table` makes it: effect and q of each field
        over all clusters.
    alpha : float
        False discovery rate: the greatest q that is significant.

    Returns
    -------
    list of list of dict
        For each cluster at most three fields, `words` and whether q is `significant`, those
        first that are.
    """
    tests = associations[(associations["missing"] == "level") & associations["q"].notna()]
    tested = [(row, fields[row["field"]]) for _, row in tests.iterrows() if row["field"] in fields]
    clusters = range(labels.max(initial=-1) + 1)
    return [_sentences(labels == cluster, tested, alpha) for cluster in clusters]


def _sentences(
    inside: np.ndarray, tested: list[tuple[Any, pd.Series]], alpha: float
) -> list[dict[str, Any]]:
    found = []
    for row, values in tested:
        difference = _difference(inside, values)
        if difference is None:
            continue
        size, words = difference
        test = f"{MEASURES[row['measure']]} {row['effect']:.2f}, q {format_p(row['q'])}"
        sentence = f"{field_name(row['field'])}: {words} ({test} over all clusters)"
        significant = bool(row["q"] <= alpha)
        found.append((not significant, -size, {"words": sentence, "significant": significant}))
    return [entry for *_, entry in sorted(found, key=lambda one: one[:2])[:MOST_FIELDS]]


def _difference(inside: np.ndarray, values: pd.Series) -> tuple[float, str] | None:
    """How far a cluster is from the others in a field, 0 to 1, and in words; None if unknown."""
    recorded = values.notna().to_numpy()
    here, there = values[inside & recorded], values[~inside & recorded]
    if min(len(here), len(there)) < MIN_RECORDED:
        return None
    if pd.api.types.is_numeric_dtype(values):
        ranks = values[recorded].astype("float64").rank(pct=True)
        size = abs(ranks[inside[recorded]].mean() - ranks[~inside[recorded]].mean())
        return size, f"median {here.median():.3g}, elsewhere {there.median():.3g}"
    shares = here.value_counts(normalize=True)
    elsewhere = there.value_counts(normalize=True).reindex(shares.index, fill_value=0.0)
    gains = shares - elsewhere
    level = gains.idxmax()
    name = str(level) if len(str(level)) <= MAX_LENGTH else f"{str(level)[: MAX_LENGTH - 1]}…"
    return float(gains[level]), f"{name} {shares[level]:.0%}, elsewhere {elsewhere[level]:.0%}"
