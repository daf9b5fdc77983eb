"""Example queries for contact sheets: of each class those of median, best and worst precision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxr.images.canonical import shrink

SIDE = 64  # pixels of an image on a sheet
KINDS = ("median", "best", "worst")


@dataclass(frozen=True)
class Sheet:
    """A query and its neighbours.

    Attributes
    ----------
    query_id : str
    neighbour_ids : list of str
        Nearest first.
    precision : float
        Share of the neighbours that are of the query's class.
    """

    query_id: str
    neighbour_ids: list[str]
    precision: float


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
        For each of `KINDS` a sheet by class. Of queries of equal precision the first by name;
        the median is the lower one of an even number.
    """
    class_of = classes.loc[neighbours["query_id"]].to_numpy()
    relevant = class_of == classes.loc[neighbours["neighbour_id"]].to_numpy()
    precisions = neighbours.assign(relevant=relevant).groupby("query_id")["relevant"].mean()
    by_query = dict(iter(neighbours.sort_values("rank").groupby("query_id")["neighbour_id"]))
    sheets: dict[str, dict[str, Sheet]] = {kind: {} for kind in KINDS}
    for name in sorted(set(class_of)):
        of_class = precisions[classes.loc[precisions.index] == name].sort_index()
        order = np.argsort(of_class.to_numpy(), kind="stable")
        best = int(of_class.to_numpy().argmax())
        selected = {"median": order[(len(order) - 1) // 2], "best": best, "worst": order[0]}
        for kind, row in selected.items():
            query = str(of_class.index[row])
            neighbour_ids = by_query[query].tolist()
            sheets[kind][str(name)] = Sheet(query, neighbour_ids, float(of_class.iloc[row]))
    return sheets


def titled_sheets(sheets: Mapping[str, Sheet], kind: str) -> dict[str, Sheet]:
    """Sheets by their titles."""
    titles = (
        f"{name}: {kind}-precision query ({sheet.precision:.0%} at {len(sheet.neighbour_ids)})"
        for name, sheet in sheets.items()
    )
    return dict(zip(titles, sheets.values(), strict=True))


def sheet_images(
    sheets: Iterable[Sheet], cohort: pd.DataFrame, images: np.ndarray
) -> dict[str, np.ndarray]:
    """The images on some sheets by their ids, reduced: uint8, shape (SIDE, SIDE) or less.

    Parameters
    ----------
    sheets : iterable of Sheet
    cohort : DataFrame, n rows
        `image_id`.
    images : uint8 array, shape (n, size, size)
        In the order of the cohort.
    """
    image_ids = sorted({i for sheet in sheets for i in (sheet.query_id, *sheet.neighbour_ids)})
    rows = pd.Index(cohort["image_id"]).get_indexer(image_ids)
    if not image_ids:
        return {}
    small = shrink(images[rows], min(SIDE, images.shape[1]))
    return dict(zip(image_ids, small, strict=True))


def query_sheet(
    neighbours: pd.DataFrame, query: np.ndarray, cohort: pd.DataFrame, images: np.ndarray
) -> tuple[str, Sheet, dict[str, np.ndarray]]:
    """The sheet of a new image: its title, itself, and its images.

    Parameters
    ----------
    neighbours : DataFrame
        As `cxr.similarity.query.nearest_images` returns it.
    query : uint8 array, shape (size, size)
    cohort, images
        As for `sheet_images`.
    """
    name = str(neighbours["query_id"].iloc[0])
    counts = neighbours["class"].value_counts()
    words = ", ".join(f"{count} {class_name}" for class_name, count in counts.items())
    neighbour_ids = neighbours["neighbour_id"].tolist()
    sheet = Sheet(name, neighbour_ids, float(counts.iloc[0] / len(neighbours)))
    shown = sheet_images([Sheet(neighbour_ids[0], neighbour_ids, 0)], cohort, images)
    shown[name] = shrink(query[None], min(SIDE, len(query)))[0]
    return f"{name}: {words}", sheet, shown
