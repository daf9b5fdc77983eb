"""The study's search for clusters: features in, the best clustering out.

The same search runs on null simulations, resampled patients, other initial positions,
retrained networks and controls.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cxr.clustering.balance import balance_scores
from cxr.clustering.dbcv import density_validity
from cxr.clustering.dbscan import sweep_cells
from cxr.clustering.dbscan_kernels import label_tree
from cxr.clustering.grid import standardise
from cxr.clustering.kdtree import build_tree
from cxr.embedding.knn import find_neighbours
from cxr.embedding.tsne import TsneSettings, embed


@dataclass(frozen=True)
class SearchResult:
    """The best clusterings of one set of features.

    Attributes
    ----------
    balance_score : float
        The best balance score of a usable cell; infinite where no cell is usable.
    dbcv : float
        The highest DBCV of a usable cell; -infinite where no cell is usable.
    perplexity, eps : float
    min_samples : int
        The cell with the best balance score; NaN, NaN and 0 without one.
    labels : int array, shape (n,)
        Its clusters; -1 is an outlier, and every image is one without a cell.
    xy : float array, shape (n, 2)
        Its map, standardised.
    """

    balance_score: float
    dbcv: float
    perplexity: float
    eps: float
    min_samples: int
    labels: np.ndarray
    xy: np.ndarray

    @property
    def n_clusters(self) -> int:
        """Clusters of the best cell; 0 without one."""
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
    initialization : "pca" or "random"
    """

    perplexities: tuple[float, ...]
    eps: tuple[float, ...]
    min_samples: tuple[int, ...]
    min_clusters: int
    max_clusters: int
    max_perplexity_share: float
    initialization: Literal["pca", "random"] = "pca"

    def at(self, perplexity: float) -> "SearchGrid":
        """The same grid on maps of one perplexity alone."""
        return replace(self, perplexities=(perplexity,))

    def usable_perplexities(self, n: int) -> list[float]:
        """The perplexities that maps of n images can have."""
        largest = min(self.max_perplexity_share * n, n - 1)
        return [p for p in self.perplexities if p <= largest]


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
        """The grid that is searched in maps of n images."""
        usable = self.grid.usable_perplexities(n)
        places = np.linspace(0, len(usable) - 1, min(self.n_perplexities, len(usable)))
        perplexities = tuple(usable[i] for i in places.round().astype(int))
        return replace(self.grid, perplexities=perplexities)


def search(
    features: np.ndarray, grid: SearchGrid, seed: int = 0, with_dbcv: bool = True
) -> SearchResult:
    """The best clusterings over all maps and cells of a grid.

    Parameters
    ----------
    features : float array, shape (n, d)
    grid : SearchGrid
    seed : int
        Of the maps' initial positions.
    with_dbcv : bool
        Whether to search the best DBCV too, which doubles the time.

    Returns
    -------
    SearchResult
        Of equally good cells the one with fewer outliers, then the lower
        perplexity, eps and min_samples, as in the ranking.
    """
    n = len(features)
    best = SearchResult(np.inf, -np.inf, np.nan, np.nan, 0, np.full(n, -1), np.zeros((n, 2)))
    perplexities = grid.usable_perplexities(n)
    if not perplexities:
        return best
    neighbours = find_neighbours(np.zeros(n, dtype=np.str_), features, max(perplexities), 1)
    settings = TsneSettings(initialization=grid.initialization, gradient="exact")
    fewest_outliers, highest_dbcv = n + 1, -np.inf
    for perplexity in perplexities:
        xy = standardise(embed(neighbours, perplexity, seed, settings, 1)[0])
        cells = sweep_cells(xy, grid.eps, grid.min_samples)
        clusters, outliers = cells.n_clusters.ravel(), cells.n_outliers.ravel()
        usable = np.flatnonzero((clusters >= grid.min_clusters) & (clusters <= grid.max_clusters))
        if not len(usable):
            continue
        scores = balance_scores(cells, n)
        first = usable[np.lexsort((outliers[usable], scores[usable]))[0]]
        if (scores[first], outliers[first]) < (best.balance_score, fewest_outliers):
            eps, min_samples = _cell(grid, int(first))
            labels = label_tree(build_tree(xy), eps, min_samples)
            fewest_outliers = int(outliers[first])
            best = SearchResult(
                float(scores[first]), -np.inf, perplexity, eps, min_samples, labels, xy
            )
        if with_dbcv:
            highest_dbcv = max(highest_dbcv, _best_dbcv(xy, [_cell(grid, int(c)) for c in usable]))
    return replace(best, dbcv=highest_dbcv)


def _cell(grid: SearchGrid, index: int) -> tuple[float, int]:
    """The eps and min_samples of a cell, counted as `sweep_cells` lists them."""
    row, column = divmod(index, len(grid.min_samples))
    return float(grid.eps[row]), int(grid.min_samples[column])


def _best_dbcv(xy: np.ndarray, cells: list[tuple[float, int]]) -> float:
    """The highest DBCV among some cells of a map; equal clusterings are scored once."""
    tree = build_tree(xy)
    labellings = {label_tree(tree, *cell).tobytes(): cell for cell in cells}
    distances = np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(axis=2))
    scores = [
        density_validity(distances, np.frombuffer(labels, dtype=np.int64), xy.shape[1])
        for labels in labellings
    ]
    defined = [score for score in scores if np.isfinite(score)]
    return max(defined, default=-np.inf)
