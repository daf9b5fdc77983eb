"""The search of a study: the nearest neighbours of every image, and the index for new ones."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from cxr.features.index import Index, IndexSettings, make_index
from cxr.similarity.neighbours import neighbours_of_all
from cxr.similarity.space import Metric, make_space, space_summary


@dataclass(frozen=True)
class SearchSettings:
    """How neighbours are searched.

    Attributes
    ----------
    k : int
        Neighbours of an image.
    metric : Metric
    own_patient : bool
        Whether images of a query's own patient count as its neighbours.
    exact_up_to : int
        Up to so many images all distances are computed.
    recall : float
        Share of the true neighbours that an approximate search has to find.
    seed : int
    """

    k: int
    metric: Metric
    own_patient: bool
    exact_up_to: int
    recall: float
    seed: int


@dataclass(frozen=True)
class SearchResult:
    """What a search finds.

    Attributes
    ----------
    neighbours : Table
        As `cxr.similarity.neighbours.NEIGHBOURS`.
    index : Index
    rejected : DataFrame
        `image_id, reason` of images that have no place in the space.
    summary : dict
        Sizes, method and recall.
    """

    neighbours: pa.Table
    index: Index
    rejected: pd.DataFrame
    summary: dict[str, Any]


def search(
    features: pd.DataFrame, patients: pd.Series, settings: SearchSettings, threads: int
) -> SearchResult:
    """The nearest neighbours of every image of a study.

    Parameters
    ----------
    features : DataFrame
        `image_id` and a column a unit: f000, f001, ...
    patients : Series
        Patient by image_id.
    settings : SearchSettings
    threads : int
    """
    space, rejected = make_space(features, patients, settings.metric, settings.seed)
    wanted = IndexSettings(settings.k, settings.exact_up_to, settings.recall, settings.seed)
    index, summary = make_index(space.points, wanted, threads)
    neighbours = neighbours_of_all(space, index, settings.k, settings.own_patient)
    return SearchResult(
        neighbours, index, rejected, {**space_summary(space, settings.k), **asdict(summary)}
    )
