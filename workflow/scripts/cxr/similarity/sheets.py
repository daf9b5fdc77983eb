"""Queries that show how a search does: of each class the median, the best and the worst."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.images.canonical import shrink

SIDE = 64  # pixels of a picture on a sheet
KINDS = ("median", "best", "worst")


@dataclass(frozen=True)
class Sheet:
    """A query and its neighbours.

    Attributes
    ----------
    query_id : str
    neighbour_ids : list of str
        Nearest first.
    share : float
        Of the neighbours that are of the query's class.
    """

    query_id: str
    neighbour_ids: list[str]
    share: float


def select_sheets(neighbours: pd.DataFrame, classes: pd.Series) -> dict[str, dict[str, Sheet]]:
    """The sheets of each kind, by class.

    Parameters
    ----------
    neighbours : DataFrame
        `query_id, rank, neighbour_id`.
    classes : Series
        Class by image_id.

    Returns
    -------
    dict
        For each of `KINDS` a sheet by class; of queries that do equally well the first by
        name is taken, and as median the one in the middle, or just below it.
    """
    own = classes.loc[neighbours["query_id"]].to_numpy()
    right = own == classes.loc[neighbours["neighbour_id"]].to_numpy()
    shares = neighbours.assign(right=right).groupby("query_id")["right"].mean()
    by_query = dict(iter(neighbours.sort_values("rank").groupby("query_id")["neighbour_id"]))
    sheets: dict[str, dict[str, Sheet]] = {kind: {} for kind in KINDS}
    for name in sorted(set(own)):
        some = shares[classes.loc[shares.index] == name].sort_index()
        order = np.argsort(some.to_numpy(), kind="stable")
        best = int(some.to_numpy().argmax())
        chosen = {"median": order[(len(order) - 1) // 2], "best": best, "worst": order[0]}
        for kind, place in chosen.items():
            query = str(some.index[place])
            found = by_query[query].tolist()
            sheets[kind][str(name)] = Sheet(query, found, float(some.iloc[place]))
    return sheets


def titled_sheets(sheets: Mapping[str, Sheet], kind: str) -> dict[str, Sheet]:
    """Sheets by their titles."""
    return {
        f"{name}: {kind} query, {sheet.share:.0%} of its {len(sheet.neighbour_ids)} neighbours are "
        f"of its class": sheet
        for name, sheet in sheets.items()
    }


def pictures_of(
    sheets: Iterable[Sheet], cohort: pd.DataFrame, images: np.ndarray
) -> dict[str, np.ndarray]:
    """The pictures of the images on some sheets, reduced, uint8 of shape (SIDE, SIDE) or less.

    Parameters
    ----------
    sheets : iterable of Sheet
    cohort : DataFrame, n rows
        `image_id`.
    images : uint8 array, shape (n, size, size)
        In the order of the cohort.
    """
    wanted = sorted({i for sheet in sheets for i in (sheet.query_id, *sheet.neighbour_ids)})
    rows = pd.Index(cohort["image_id"]).get_indexer(wanted)
    if not wanted:
        return {}
    small = shrink(images[rows], min(SIDE, images.shape[1]))
    return dict(zip(wanted, small, strict=True))


def sheet_of(
    found: pd.DataFrame, query: np.ndarray, cohort: pd.DataFrame, images: np.ndarray
) -> tuple[str, Sheet, dict[str, np.ndarray]]:
    """The sheet of a new image: its title, itself, and its pictures.

    Parameters
    ----------
    found : DataFrame
        As `cxr.similarity.query.nearest_images` returns it.
    query : uint8 array, shape (size, size)
    cohort, images
        As `pictures_of` takes them.
    """
    name = str(found["query_id"].iloc[0])
    counts = found["class"].value_counts()
    words = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    sheet = Sheet(name, found["neighbour_id"].tolist(), float(counts.iloc[0] / len(found)))
    pictures = pictures_of([Sheet(sheet.neighbour_ids[0], sheet.neighbour_ids, 0)], cohort, images)
    pictures[name] = shrink(query[None], min(SIDE, len(query)))[0]
    return f"{name}: {words}", sheet, pictures
