"""Healthy, infected and seriously infected images, and who is found among whose neighbours.

In April 2020 healthy queries were said to find healthy images alone, infected ones infected ones
to about 80%, and seriously infected ones infected ones alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxr.similarity.retrieval import REPLICATES, rankings, select_queries
from cxr.similarity.space import Space
from cxr.statistics.bootstrap import patient_weights, percentile_interval

HEALTHY, INFECTED, SERIOUS = "healthy", "infected", "serious"
NO_FINDING = "No finding"
# Whose neighbours were said to be what, and to which share.
REPORTED = (
    (HEALTHY, (HEALTHY,), 1.0),
    (INFECTED, (INFECTED, SERIOUS), 0.8),
    (SERIOUS, (INFECTED, SERIOUS), 1.0),
)
# All images of the groups, or those with a score alone, which are of one source.
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


def severity_group(records: pd.DataFrame, severity: Mapping[str, float]) -> pd.Series:
    """The group of each image: by its extent; without one, healthy if nothing was found, or None.

    Parameters
    ----------
    records : DataFrame
        `severity_extent` (0 to 8) and `finding`.
    severity : mapping
        The extents `infected` and `serious` from which an image is called so.
    """
    extent = records["severity_extent"].astype("float64")
    groups = pd.Series(None, index=records.index, dtype="object")
    groups[extent.isna() & (records["finding"] == NO_FINDING)] = HEALTHY
    groups[extent < severity["infected"]] = HEALTHY
    groups[extent >= severity["infected"]] = INFECTED
    groups[extent >= severity["serious"]] = SERIOUS
    return groups


def group_composition(
    spaces: Mapping[str, Sequence[Space]],
    records: pd.DataFrame,
    severity: Mapping[str, float],
    k: int,
    seed: int,
) -> pd.DataFrame:
    """The shares of groups among the neighbours of each group, own patient left out.

    Only images of the three groups are among the neighbours, since of others nobody knows.

    Returns
    -------
    DataFrame
        `COLUMNS`: for each space, `among` all or the scored images, and claim: the
        `share` of the claimed groups with its 95% interval (bootstrap over patients),
        `base_rate`, their share among all images that could be found, and `max_attainable`, the
        share that a search without errors would have. Empty where no image is scored.
    """
    groups = severity_group(records, severity)
    rows: list[dict[str, Any]] = []
    scored = records["severity_extent"].notna()
    for among in AMONG if scored.any() else ():
        kept = groups.where(scored) if among == "scored" else groups
        for name, parts in spaces.items():
            shares = pd.concat([_shares(space, kept, k, seed) for space in parts])
            for group, claimed, share in REPORTED:
                own = shares[shares["group"] == group]
                if own.empty:
                    continue
                rows.append(
                    {
                        "space": name,
                        "among": among,
                        "group": group,
                        "neighbours": " or ".join(claimed),
                        "reported": share,
                        **_mean(own, claimed, records["patient_id"], k, seed),
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _shares(space: Space, groups: pd.Series, k: int, seed: int) -> pd.DataFrame:
    """For each query of a group how many of its neighbours, and of all, are of each group."""
    known = groups[groups.notna()].index.to_numpy(dtype=np.str_)
    few = space.part(known)
    own = groups.loc[few.image_ids].to_numpy()
    tables = []
    for rows, order, allowed in rankings(few, select_queries(few.owners, seed), own_patient=False):
        near = allowed & (allowed.cumsum(axis=1) <= k)
        table = pd.DataFrame({"image_id": few.image_ids[rows], "group": own[rows]})
        table["neighbours"], table["candidates"] = near.sum(axis=1), allowed.sum(axis=1)
        for group in (HEALTHY, INFECTED, SERIOUS):
            found = own[order] == group
            table[f"near_{group}"] = (near & found).sum(axis=1)
            table[f"all_{group}"] = (allowed & found).sum(axis=1)
        tables.append(table[table["neighbours"] > 0])
    return pd.concat(tables) if tables else pd.DataFrame(columns=["group"])


def _mean(
    shares: pd.DataFrame, claimed: Sequence[str], patients: pd.Series, k: int, seed: int
) -> dict[str, Any]:
    owners = patients.loc[shares["image_id"]].to_numpy(dtype=np.str_)
    near = sum(shares[f"near_{group}"] for group in claimed) / shares["neighbours"]
    right = sum(shares[f"all_{group}"] for group in claimed)
    reach = np.minimum(right, shares["neighbours"]) / shares["neighbours"]
    weights = patient_weights(owners, REPLICATES, seed)
    means = weights @ near.to_numpy(np.float64) / weights.sum(axis=1)
    count = len(np.unique(owners))
    found = percentile_interval(means, count)
    return {
        "queries": len(shares),
        "patients": count,
        "base_rate": float((right / shares["candidates"]).mean()),
        "max_attainable": float(reach.mean()),
        "share": found["value"],
        "low": found["low"],
        "high": found["high"],
    }
