"""The balance score of the 2020 study: imbalance of the clusters plus outliers."""

import numpy as np

from cxr.clustering.dbscan import Cells


def balance_score(labels: np.ndarray) -> np.ndarray:
    """Imbalance of labellings plus their outliers; lower is better.

    With m the size of the largest group (the outliers count as one), the sum
    over clusters of (m - size), plus the number of outliers.

    Parameters
    ----------
    labels : int array, shape (..., n)
        Cluster of each point, numbered from 0 without gaps; -1 for an outlier.

    Returns
    -------
    int64 array, shape (...)

    Raises
    ------
    ValueError
        If `labels` is empty.

    References
    ----------
    N. Lai, "Using COVID-19 X-ray images to discover variants of virus mutation", 2020.
    """
    n = np.shape(labels)[-1]
    if n == 0:
        raise ValueError("a labelling of no points has no score")
    places = np.reshape(labels, (-1, n)) + 1
    groups = int(places.max(initial=0)) + 1
    rows = groups * np.arange(len(places))[:, None]
    counts = np.bincount((places + rows).ravel(), minlength=groups * len(places))
    counts = counts.reshape(len(places), groups)
    clusters, outliers = places.max(axis=1).astype(np.int64), counts[:, 0]
    scores = clusters * counts.max(axis=1) - (n - outliers) + outliers
    return scores.reshape(np.shape(labels)[:-1])


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
