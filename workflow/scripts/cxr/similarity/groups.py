"""Healthy, infected and seriously infected images, and the groups of their neighbours.

In April 2020 it was reported that the neighbours of healthy images are healthy, those of infected
ones to about 80% infected, and those of seriously infected ones all infected.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.retrieval import rankings, select_queries
from cxr.similarity.settings import SeverityThresholds
from cxr.similarity.space import Space
from cxr.statistics.bootstrap import REPLICATES, patient_weights, percentile_interval

HEALTHY, INFECTED, SERIOUS = "healthy", "infected", "serious"
NO_FINDING = "No finding"
# The group of the queries, the groups of their neighbours, and the share reported in 2020.
REPORTED = (
    (HEALTHY, (HEALTHY,), 1.0),
    (INFECTED, (INFECTED, SERIOUS), 0.8),
    (SERIOUS, (INFECTED, SERIOUS), 1.0),
)
# All images of the groups, or only those with a score, which are of one source.
AMONG = ("all", "scored")
COLUMNS = (
    "space",
    "among",
    "group",
    "neighbours",
    "reported",
    "queries",
    "patients",
    "base_rate",
    "max_attainable",
    "share",
    "low",
    "high",
)


def severity_group(records: pd.DataFrame, thresholds: SeverityThresholds) -> pd.Series:
    """The group of each image by its extent; without one, healthy for `No finding`, else None.

    Parameters
    ----------
    records : DataFrame
        `severity_extent` (0 to 8) and `finding`.
    thresholds : SeverityThresholds
    """
    extent = records["severity_extent"].astype("float64")
    groups = pd.Series(None, index=records.index, dtype="object")
    groups[extent.isna() & (records["finding"] == NO_FINDING)] = HEALTHY
    groups[extent < thresholds.infected] = HEALTHY
    groups[extent >= thresholds.infected] = INFECTED
    groups[extent >= thresholds.serious] = SERIOUS
    return groups


def group_composition(
    spaces: Mapping[str, Sequence[Space]],
    records: pd.DataFrame,
    thresholds: SeverityThresholds,
    k: int,
    seed: int,
) -> pd.DataFrame:
    """The shares of groups among the neighbours of each group, own patient left out.

    Only images of the three groups count as neighbours: the severity of others is not recorded.

    Returns
    -------
    DataFrame
        `COLUMNS`: for each space, `among` all or the scored images, and row of `REPORTED`:
        the `share` of its groups with a 95% interval (bootstrap over patients), `base_rate`,
        their share of all candidates, and `max_attainable`, the share in a search without
        errors. Empty where no image is scored.
    """
    groups = severity_group(records, thresholds)
    rows: list[dict[str, Any]] = []
    scored = records["severity_extent"].notna()
    for among in AMONG if scored.any() else ():
        candidates = groups.where(scored) if among == "scored" else groups
        for name, parts in spaces.items():
            shares = pd.concat([_shares(space, candidates, k, seed) for space in parts])
            for group, neighbours, reported in REPORTED:
                of_group = shares[shares["group"] == group]
                if of_group.empty:
                    continue
                rows.append(
                    {
                        "space": name,
                        "among": among,
                        "group": group,
                        "neighbours": " or ".join(neighbours),
                        "reported": reported,
                        **_mean(of_group, neighbours, records["patient_id"], k, seed),
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shares(space: Space, groups: pd.Series, k: int, seed: int) -> pd.DataFrame:
    """For each query of a group how many of its neighbours, and of all, are of each group."""
    part = space.part(groups[groups.notna()].index.to_numpy(dtype=np.str_))
    group_of = groups.loc[part.image_ids].to_numpy()
    queries = select_queries(part.owners, seed)
    tables = []
    for rows, order, allowed in rankings(part, queries, own_patient=False):
        near = allowed & (allowed.cumsum(axis=1) <= k)
        table = pd.DataFrame({"image_id": part.image_ids[rows], "group": group_of[rows]})
        table["neighbours"], table["candidates"] = near.sum(axis=1), allowed.sum(axis=1)
        for group in (HEALTHY, INFECTED, SERIOUS):
            is_group = group_of[order] == group
            table[f"near_{group}"] = (near & is_group).sum(axis=1)
            table[f"all_{group}"] = (allowed & is_group).sum(axis=1)
        tables.append(table[table["neighbours"] > 0])
    return pd.concat(tables) if tables else pd.DataFrame(columns=["group"])


def _mean(
    shares: pd.DataFrame, groups: Sequence[str], patients: pd.Series, k: int, seed: int
) -> dict[str, Any]:
    owners = patients.loc[shares["image_id"]].to_numpy(dtype=np.str_)
    near = sum(shares[f"near_{group}"] for group in groups) / shares["neighbours"]
    relevant = sum(shares[f"all_{group}"] for group in groups)
    attainable = np.minimum(relevant, shares["neighbours"]) / shares["neighbours"]
    weights = patient_weights(owners, REPLICATES, seed)
    means = weights @ near.to_numpy(np.float64) / weights.sum(axis=1)
    count = len(np.unique(owners))
    interval = percentile_interval(means, count)
    return {
        "queries": len(shares),
        "patients": count,
        "base_rate": float((relevant / shares["candidates"]).mean()),
        "max_attainable": float(attainable.mean()),
        "share": interval["value"],
        "low": interval["low"],
        "high": interval["high"],
    }
