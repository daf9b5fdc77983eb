"""The balance score of the 2020 study: imbalance of the clusters plus outliers."""

import numpy as np

from cxr.clustering.dbscan import Cells


def balance_score(labels: np.ndarray) -> int:
    """Imbalance of a labelling plus its outliers; lower is better.

    With m the size of the largest group (the outliers count as one), the sum
    over clusters of (m - size), plus the number of outliers.

    Parameters
    ----------
    labels : int array, shape (n,)
        Cluster of each point, -1 for an outlier.

    Raises
    ------
    ValueError
        If `labels` is empty.

    References
    ----------
    N. Lai, "Using COVID-19 X-ray images to discover variants of virus mutation", 2020.
    """
    if len(labels) == 0:
        raise ValueError("a labelling of no points has no score")
    counts = np.bincount(np.asarray(labels) + 1).astype(np.int64)
    cell = Cells(np.array([len(counts) - 1]), counts[:1], counts[1:])
    return int(balance_scores(cell, len(labels))[0])


def balance_scores(cells: Cells, n_points: int) -> np.ndarray:
    """The balance score of every cell of a grid, from the sizes of its clusters.

    Returns
    -------
    int64 array, shape (n_cells,)
    """
    clusters, outliers = cells.n_clusters.ravel(), cells.n_outliers.ravel().astype(np.int64)
    largest = outliers.copy()
    np.maximum.at(largest, np.repeat(np.arange(len(clusters)), clusters), cells.sizes)
    return clusters * largest - (n_points - outliers) + outliers
