"""The study's search for clusters: features in, the best clustering out.

The same search runs on null simulations, resampled patients, other initial positions,
retrained networks and controls.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cxr.clustering.balance import balance_score
from cxr.clustering.consensus import Votes
from cxr.clustering.dbcv import map_validities
from cxr.clustering.dbscan import label_points
from cxr.clustering.grid import standardise
from cxr.clustering.labellings import label_map_cells
from cxr.embedding.knn import Neighbours, find_neighbours
from cxr.embedding.tsne import TsneSettings, embed_maps

# The perplexities whose maps vote where one is looked at alone, as shares of it.
AROUND = (0.5, 0.7, 1.0, 1.4, 2.0)


@dataclass(frozen=True)
class SearchResult:
    """The best clusterings of one set of features.

    Attributes
    ----------
    consensus : float
        The highest consensus of a usable clustering; -infinite where no clustering is
        usable, or where DBCV was not searched.
    agreement : float
        The highest agreement of a usable clustering with those of other perplexities;
        0 where no clustering is usable, where one perplexity alone is searched, or where it
        was not searched.
    balance_score : float
        The best balance score of a usable cell; infinite where no cell is usable.
    dbcv : float
        The highest DBCV of a usable cell; -infinite where no cell is usable, or where it
        was not searched.
    perplexity, eps : float
    min_samples : int
        The selected cell; NaN, NaN and 0 without one.
    labels : int array, shape (n,)
        Its clusters; -1 is an outlier, and every image is one without a cell.
    xy : float array, shape (n, 2)
        Its map, standardised.
    """

    consensus: float
    agreement: float
    balance_score: float
    dbcv: float
    perplexity: float
    eps: float
    min_samples: int
    labels: np.ndarray
    xy: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Clusters of the selected cell; 0 without one."""
        return int(self.labels.max(initial=-1)) + 1


@dataclass(frozen=True)
class SearchGrid:
    """A grid over maps and DBSCAN cells, and which of its cells are usable.

    Attributes
    ----------
    perplexities : tuple of float
        Those above `max_perplexity_share` of the images are left out.
    eps : tuple of float
    min_samples : tuple of int
    min_clusters, max_clusters : int
        A cell with so many clusters is usable.
    max_perplexity_share : float
    choose : "consensus", "dbcv" or "balance"
        Which usable clustering is selected.
    max_outliers : float
        Largest share of outliers of a clustering that votes.
    initialization : "pca" or "random"
    device : "cpu" or "gpu"
        Of the maps, as the config's `embedding.device`.
    """

    perplexities: tuple[float, ...]
    eps: tuple[float, ...]
    min_samples: tuple[int, ...]
    min_clusters: int
    max_clusters: int
    max_perplexity_share: float
    choose: Literal["consensus", "dbcv", "balance"] = "balance"
    max_outliers: float = 0.3
    initialization: Literal["pca", "random"] = "pca"
    device: Literal["cpu", "gpu"] = "cpu"

    def near(self, perplexity: float, n: int) -> "SearchGrid":
        """The same grid on maps of one perplexity alone, or where maps vote of some around it.

        Parameters
        ----------
        perplexity : float
        n : int
            Images, which bound the perplexities.
        """
        if self.choose == "consensus":
            return self.around(perplexity, n)
        return replace(self, perplexities=(perplexity,), max_perplexity_share=1.0)

    def around(self, perplexity: float, n: int) -> "SearchGrid":
        """The same grid on maps of a perplexity of n images and of some around it."""
        largest = self.max_perplexity_share * n
        bounds = max(perplexity, largest), n - 1.0
        values = {min(max(1.0, perplexity * factor), *bounds) for factor in AROUND}
        share = self.max_perplexity_share if perplexity <= largest else 1.0
        return replace(self, perplexities=tuple(sorted(values)), max_perplexity_share=share)

    def usable_perplexities(self, n: int) -> list[float]:
        """The perplexities that maps of n images can have."""
        largest = min(self.max_perplexity_share * n, n - 1)
        return [p for p in self.perplexities if p <= largest]


@dataclass(frozen=True)
class SearchedMaps:
    """The maps that a search clusters.

    Attributes
    ----------
    n_images : int
    perplexities : list of float
        Of each map; without any where there are too few images.
    maps : list of float array, shape (n, 2)
    """

    n_images: int
    perplexities: list[float]
    maps: list[np.ndarray]


@dataclass(frozen=True)
class SearchSettings:
    """The search of a study as the evidence repeats it.

    Attributes
    ----------
    grid : SearchGrid
        With all perplexities of the study.
    n_perplexities : int
        How many of the usable perplexities are searched, evenly spaced.
    """

    grid: SearchGrid
    n_perplexities: int

    def grid_for(self, n: int) -> SearchGrid:
        """The grid that is searched in maps of n images.

        Clusterings of one perplexity have none to agree with: where one alone is usable or
        wanted, maps of some around it are searched too.
        """
        usable = self.grid.usable_perplexities(n)
        count = min(self.n_perplexities, len(usable))
        if count == 1:
            return self.grid.around(usable[(len(usable) - 1) // 2], n)
        places = np.linspace(0, len(usable) - 1, count)
        perplexities = tuple(usable[i] for i in places.round().astype(int))
        return replace(self.grid, perplexities=perplexities)


def search(
    features: np.ndarray, grid: SearchGrid, seed: int = 0, with_statistics: bool = True
) -> SearchResult:
    """The best clusterings over all maps and cells of a grid.

    Parameters
    ----------
    features : float array, shape (n, d)
    grid : SearchGrid
    seed : int
        Of the maps' initial positions.
    with_statistics : bool
        Whether to search the highest agreement, DBCV and consensus too where they do
        not select.

    Returns
    -------
    SearchResult
        Of equally good clusterings the one with the better balance score and fewer
        outliers, then the lower perplexity, eps and min_samples, as in the ranking.
    """
    return best_of_maps(
        draw_maps(neighbours_for(features, grid), grid, seed), grid, with_statistics
    )


def neighbours_for(features: np.ndarray, grid: SearchGrid) -> Neighbours:
    """The neighbours that the maps of a grid need; none where no perplexity is usable."""
    n = len(features)
    perplexities, image_ids = grid.usable_perplexities(n), np.zeros(n, dtype=np.str_)
    if not perplexities:
        return Neighbours(image_ids, np.empty((n, 0), np.int32), np.empty((n, 0)), np.zeros((n, 2)))
    return find_neighbours(image_ids, features, max(perplexities), 1)


def draw_maps(neighbours: Neighbours, grid: SearchGrid, seed: int) -> SearchedMaps:
    """The standardised maps of a grid's usable perplexities."""
    settings = TsneSettings(grid.initialization, "exact", grid.device)
    perplexities = grid.usable_perplexities(neighbours.n)
    runs = [(perplexity, seed) for perplexity in perplexities]
    maps = [standardise(xy) for xy, _ in embed_maps(neighbours, runs, settings)]
    return SearchedMaps(neighbours.n, perplexities, maps)


def best_of_maps(
    searched: SearchedMaps, grid: SearchGrid, with_statistics: bool = True
) -> SearchResult:
    """The best clusterings of some maps over all cells of a grid, as from `search`."""
    n, perplexities, maps = searched.n_images, searched.perplexities, searched.maps
    nothing = SearchResult(
        -np.inf, 0.0, np.inf, -np.inf, np.nan, np.nan, 0, np.full(n, -1), np.zeros((n, 2))
    )
    if not perplexities:
        return nothing
    labellings = [
        label_map_cells(xy, grid.eps, grid.min_samples, grid.min_clusters, grid.max_clusters)
        for xy in maps
    ]
    labels = np.concatenate([each.labels for each in labellings])
    if not len(labels):
        return nothing
    balance = balance_score(labels)
    agreement, dbcv, consensus = (np.full(len(labels), -np.inf) for _ in range(3))
    if with_statistics or grid.choose != "balance":
        votes = Votes.of([each.labels for each in labellings], perplexities, grid.max_outliers)
        pairs = zip(maps, labellings, strict=True)
        validity = np.concatenate([map_validities(xy, each.labels) for xy, each in pairs])
        values = votes.agreement, validity, votes.consensus(validity)
        agreement, dbcv, consensus = (np.where(np.isnan(v), -np.inf, v) for v in values)
    chosen = {"consensus": -consensus, "dbcv": -dbcv, "balance": balance}[grid.choose]
    outliers = (labels < 0).sum(axis=1)
    best = int(np.lexsort((outliers, balance, chosen))[0])
    starts = np.cumsum([0, *(len(each.labels) for each in labellings)])
    place = int(np.searchsorted(starts, best, side="right")) - 1
    row, column = labellings[place].first_cells()[best - starts[place]]
    eps, min_samples = float(grid.eps[row]), int(grid.min_samples[column])
    return SearchResult(
        float(consensus.max()),
        max(0.0, float(agreement.max())),
        float(balance.min()),
        float(dbcv.max()),
        perplexities[place],
        eps,
        min_samples,
        label_points(maps[place], eps, min_samples),
        maps[place],
    )
